"""Laws of clicks per user in tumbling windows of event time."""

from typing import Any

import msgspec
import pytest

from models.counting import Counting
from models.queries import summaries_of
from models.rankings import PAGE, PRODUCT, SUMMARY
from models.watermark import StreamTime
from models.windows import ROW, CountingState, WindowRules, row_key, row_parts
from tests.models.fakes import HOUR, MINUTE, SECOND, Record, Task, at, idle, inner, said, watermark

RULES = WindowRules(5 * MINUTE, 2 * MINUTE, 24 * HOUR)
RULES_WITHOUT_BOTS = WindowRules(5 * MINUTE, 2 * MINUTE, 24 * HOUR, count_bots=False)
RULES_WITHOUT_LATE = WindowRules(5 * MINUTE, 2 * MINUTE, 24 * HOUR, emit_late=False)
TIMEOUT = 30 * SECOND


def task(rules: WindowRules = RULES, partitions: int = 1) -> Task:
    """The stage over so many input partitions."""
    return Task(lambda rows: Counting(rules, StreamTime({"clicks": partitions}, TIMEOUT), rows))


ENDS = {"10:00": "10:05", "10:05": "10:10"}


def count_of(user: str, start: str, clicks: int) -> dict[str, object]:
    """The value of a final count."""
    return {
        "userId": user,
        "clickCount": clicks,
        "windowStart": f"2024-01-01T{start}:00.000Z",
        "windowEnd": f"2024-01-01T{ENDS[start]}:00.000Z",
    }


def counts(counting: Task, *records: Record) -> list[Any]:
    """The final counts that the records lead to."""
    return said(counting.run(records), "click-counts")


def late(counting: Task, *records: Record) -> list[Any]:
    """The late events that the records lead to."""
    return said(counting.run(records), "late-events")


@pytest.mark.parametrize(
    ("event", "start"), [("10:00", "10:00"), ("10:04:59", "10:00"), ("10:05", "10:05")]
)
def test_a_window_is_aligned_to_the_epoch_and_takes_its_start_but_not_its_end(
    event: str, start: str
) -> None:
    """Five minutes from a full hour: [10:00, 10:05)."""
    # [10:00----------10:05)----------10:10)
    #  |       10:04:59|              S = 10:12
    assert at(start) == RULES.start_of(at(event))
    assert at("10:00") == RULES.start_of(at("10:05") - 1)
    counted = counts(task(), inner("u", at(event)), watermark("clicks-0", at("10:12")))
    assert ["2024-01-01T" + start + ":00.000Z"] == [count["windowStart"] for count in counted]


def test_windows_of_any_size_are_aligned_to_the_epoch_not_to_the_first_click() -> None:
    """Seven minutes do not divide the day."""
    rules = WindowRules(7 * MINUTE, 0, 0)
    assert 0 == rules.start_of(at("10:03")) % (7 * MINUTE)
    assert 0 <= at("10:03") - rules.start_of(at("10:03")) < 7 * MINUTE


def test_a_window_closes_when_stream_time_reaches_its_end_plus_grace() -> None:
    """10:00-10:05 with two minutes of grace closes at 10:07, not before."""
    #            end      stream time
    #             |        |
    # [10:00-----10:05)   10:07
    counting = task()
    click = inner("u", at("10:01"))
    assert [] == counts(counting, click, watermark("clicks-0", at("10:07") - 1))
    assert [count_of("u", "10:00", 1)] == counts(counting, watermark("clicks-0", at("10:07")))


def test_a_window_closes_once_with_one_final_count_for_each_user_with_clicks() -> None:
    """Two of ann, one of bob, none of anyone else; and nothing more afterwards."""
    counting = task()
    clicks = [inner("ann", at("10:01")), inner("bob", at("10:02")), inner("ann", at("10:04"))]
    expected = [count_of("ann", "10:00", 2), count_of("bob", "10:00", 1)]
    assert expected == counts(counting, *clicks, watermark("clicks-0", at("10:09")))
    assert [] == counts(counting, watermark("clicks-0", at("10:30")))


def test_a_final_count_is_keyed_by_the_user() -> None:
    """So it goes to the partition of the user."""
    sent = task().run([inner("ann", at("10:01")), watermark("clicks-0", at("10:09"))])
    assert [(b"ann", None)] == [(count.key, count.partition) for count in sent["click-counts"]]


def test_windows_close_in_order_when_stream_time_jumps_over_several() -> None:
    """A user's open windows are closed by one jump, each for itself."""
    clicks = [inner("u", at(clock)) for clock in ("10:01", "10:06", "10:06:30")]
    expected = [count_of("u", "10:00", 1), count_of("u", "10:05", 2)]
    assert expected == counts(task(), *clicks, watermark("clicks-0", at("12:00")))


def test_a_count_spans_batches() -> None:
    """The row keeps it between steps."""
    counting = task()
    assert [] == counts(counting, inner("u", at("10:01")))
    assert [] == counts(counting, inner("u", at("10:02")), inner("u", at("10:03")))
    assert [count_of("u", "10:00", 3)] == counts(counting, watermark("clicks-0", at("10:07")))


def test_a_click_out_of_order_within_the_grace_is_counted() -> None:
    """10:04 comes after 10:06:59: the window is open until 10:07."""
    clicks = [
        inner("u", at("10:06:59")),
        inner("u", at("10:04"), stream_ms=at("10:06:59") + 999),
    ]
    counted = counts(task(), *clicks, watermark("clicks-0", at("10:07")))
    assert [count_of("u", "10:00", 1)] == counted


@pytest.mark.parametrize(("lacked_ms", "late_by"), [(-1, []), (0, [0.0]), (1, [0.001])])
def test_a_click_is_late_from_its_windows_end_plus_grace_on(
    lacked_ms: int, late_by: list[float]
) -> None:
    """Exactly at end + grace it is late by nothing, and late all the same."""
    # [10:00---click---10:05)  10:07 = end + grace
    click = inner("u", at("10:04"), stream_ms=at("10:07") + lacked_ms)
    assert late_by == [event["lateBy"] for event in late(task(), click)]


def test_a_late_click_goes_to_late_events_with_what_it_lacked_its_window_and_the_record() -> None:
    """10:04 at stream time 10:07:30 lacked half a minute of grace."""
    click = inner("u", at("10:04"), stream_ms=at("10:07:30"), page="/a", session=1)
    (event,) = late(task(), click)
    record = event.pop("record")
    assert {
        "stage": "count",
        "lateBy": 30.0,
        "windowStart": "2024-01-01T10:00:00.000Z",
        "windowEnd": "2024-01-01T10:05:00.000Z",
    } == event
    assert ("u", "clicks-0-0", 1) == tuple(record[f] for f in ("userId", "sourceRecord", "session"))


def test_a_late_event_keeps_the_key_and_the_record_to_the_letter() -> None:
    """The inner record's bytes stand in the late event as they are."""
    click = inner("u", at("10:04"), stream_ms=at("10:07:30"), price=1.10)
    (event,) = task().run([click])["late-events"]
    assert b"u" == event.key
    assert (click.value or b"?") in (event.value or b"")


def test_a_late_click_is_not_counted() -> None:
    """Neither in the window it missed, nor as a user of it."""
    clicks = [inner("u", at("10:04")), inner("u", at("10:03"), stream_ms=at("10:07"))]
    assert [count_of("u", "10:00", 1)] == counts(task(), *clicks)


def test_lateness_is_judged_by_the_own_input_partition() -> None:
    """The window is open for the slow clicks-1, and does not take clicks-0's late click either."""
    # clicks-0 ---------------------------|10:07   10:04 is late
    # clicks-1 -------|10:01                       10:04 is not, S = 10:01
    counting = task(partitions=2)
    slow = inner("u", at("10:04"), "clicks-1-0", stream_ms=at("10:04"))
    assert [] == late(counting, watermark("clicks-0", at("10:07")), watermark("clicks-1", 1), slow)
    fast = inner("u", at("10:04"), "clicks-0-1", stream_ms=at("10:07"))
    assert ["clicks-0-1"] == [e["record"]["sourceRecord"] for e in late(counting, fast)]
    expected = [count_of("u", "10:00", 1)]
    assert expected == counts(counting, watermark("clicks-1", at("10:08")))


def test_with_the_policy_discard_late_clicks_are_not_sent_and_not_counted() -> None:
    """They show in the ledger alone."""
    clicks = [inner("u", at("10:04")), inner("u", at("10:03"), stream_ms=at("10:07"))]
    sent = task(RULES_WITHOUT_LATE).run(clicks)
    assert {"click-counts"} == set(sent)
    assert [count_of("u", "10:00", 1)] == said(sent, "click-counts")


def test_bots_are_counted_unless_set_otherwise() -> None:
    """Without them they are no late events either, but stream time hears them."""
    clicks = [
        inner("u", at("10:01"), bot=True),
        inner("u", at("10:02"), bot=False),
        inner("u", at("10:07"), bot=True),
        inner("u", at("10:03"), bot=True, stream_ms=at("10:07")),
    ]
    assert [count_of("u", "10:00", 2)] == counts(task(), *clicks)
    sent = task(RULES_WITHOUT_BOTS).run(clicks)
    assert {"click-counts"} == set(sent)
    assert [count_of("u", "10:00", 1)] == said(sent, "click-counts")


@pytest.mark.parametrize("retention_ms", [0, 1, HOUR])
def test_a_closed_window_is_deleted_when_stream_time_reaches_its_retention(
    retention_ms: int,
) -> None:
    """Readable until S >= end + grace + retention; then a tombstone follows."""
    # [10:00---10:05)   10:07        10:07 + retention
    #          end      closed       deleted
    counting = task(WindowRules(5 * MINUTE, 2 * MINUTE, retention_ms))
    counting.run([inner("u", at("10:01"), productId="p", page="/")])
    if retention_ms:
        counting.run([watermark("clicks-0", at("10:07") + retention_ms - 1)])
    kept = set(counting.rows.rows)
    assert {ROW, SUMMARY, PRODUCT, PAGE} == {key[:1] for key in kept}
    step = counting.stage.step([watermark("clicks-0", at("10:07") + retention_ms)], 0, at_end=False)
    assert dict.fromkeys(kept) == step.changes


def test_an_open_window_is_not_deleted_with_an_older_one() -> None:
    """Only what is below the newest expired window goes."""
    counting = task(WindowRules(5 * MINUTE, 2 * MINUTE, 0))
    counting.run([inner("u", at("10:01")), inner("u", at("10:06")), inner("u", at("10:10"))])
    assert {row_key(at("10:05"), b"u"), row_key(at("10:10"), b"u")} == set(counting.kind(ROW))
    assert {at("10:05"), at("10:10")} == set(summaries_of(counting.rows))


def test_a_row_is_final_once_its_count_was_emitted() -> None:
    """Readers are told whether a count may still change; a restart does not forget it."""
    counting = task()
    counting.run([inner("u", at("10:01")), inner("u", at("10:08"))])
    counting.crash()
    state = msgspec.json.decode(counting.stage.dump(), type=CountingState)
    closed_to = bytes.fromhex(state.closed_to)
    assert row_key(at("10:00"), b"u") < closed_to <= row_key(at("10:05"), b"u")


def test_a_row_key_says_its_window_and_user() -> None:
    """Keys sort by window first: closing is a range scan."""
    assert (at("10:00"), b"u") == row_parts(row_key(at("10:00"), b"u"))
    assert row_key(at("10:00"), b"z") < row_key(at("10:05"), b"a")


@pytest.mark.parametrize(("event", "late_by"), [("10:04", [30.0]), ("10:05", [])])
def test_a_click_back_from_idleness_is_late_if_its_window_closed(
    event: str, late_by: list[float]
) -> None:
    """Clicks-1 rests while clicks-0 brings S to 10:07:30: late by what it lacked to S."""
    # clicks-0 --------------------------------|10:07:30 = S, [10:00, 10:05) is closed
    # clicks-1 --|10:03   idle ...  10:04 comes
    counting = task(partitions=2)
    before = [
        inner("u", at("10:03"), "clicks-1-0"),
        idle("clicks-1", TIMEOUT, at("10:03")),
        watermark("clicks-0", at("10:07:30")),
    ]
    assert [count_of("u", "10:00", 1)] == counts(counting, *before)
    events = late(counting, inner("u", at(event), "clicks-1-1"))
    assert late_by == [found["lateBy"] for found in events]
