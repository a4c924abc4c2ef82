"""Laws of enrichment and admission: S(q), watermark records, idle records, dead letters."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from models.intake import CLICKS, PURCHASES, Intake, IntakeRules
from models.stage import Output
from models.watermark import NEVER_MS
from tests.models.fakes import DAY, HOUR, SECOND, Record, Task

RULES = IntakeRules("inner", 3, 24 * HOUR, 500, 30 * SECOND)
TIMEOUT = RULES.idle_timeout_ms


def task(kind: Any = CLICKS) -> Task:
    """The stage of clicks-0."""
    return Task(lambda _: Intake(kind, RULES, "clicks-0"))


def click(event_ms: int, offset: int = 0, **fields: object) -> Record:
    """An input record that is a valid click, and a valid purchase too."""
    value = {"userId": "u", "productId": "p", "timestamp": event_ms, **fields}
    return Record("clicks", 0, offset, DAY, b"any", json.dumps(value).encode())


RUBBISH = Record("clicks", 0, 9, DAY, b"k", b"{", (("trace", b"1"), ("code", b"theirs")))


def passed(sent: Mapping[str, Sequence[Output]]) -> list[Any]:
    """The values of the inner records."""
    return [json.loads(output.value) for output in sent.get("inner", ()) if output.value]


def told(
    sent: Mapping[str, Sequence[Output]], kind: str
) -> list[tuple[int | None, dict[str, bytes]]]:
    """The watermark or idle records: partition and headers."""
    outputs = [output for output in sent.get("inner", ()) if output.value is None]
    return [(o.partition, dict(o.headers)) for o in outputs if o.headers[0][0] == kind]


@pytest.mark.parametrize("kind", [CLICKS, PURCHASES])
def test_each_record_is_stamped_with_the_highest_event_time_so_far(kind: Any) -> None:
    """S(q) up to and including the record at hand, in offset order."""
    # 10, 30, 20 -> 10, 30, 30
    records = [click(DAY + ms, offset) for offset, ms in enumerate([10, 30, 20])]
    values = passed(task(kind).run(records))
    assert ["00.010Z", "00.030Z", "00.030Z"] == [value["streamTime"][-7:] for value in values]
    assert ["clicks-0-0", "clicks-0-1", "clicks-0-2"] == [v["sourceRecord"] for v in values]


def test_a_record_is_passed_on_under_its_users_key() -> None:
    """Whatever it was keyed by; the partition is that of the key."""
    (output,) = [o for o in task().run([click(DAY, userId=7)])["inner"] if o.value]
    assert (b"7", None) == (output.key, output.partition)


def test_rubbish_does_not_move_stream_time() -> None:
    """S(q) is of the valid records."""
    intake = task()
    intake.run([click(DAY + 10), click(DAY + 48 * HOUR), click(DAY + 5, userId=None)])
    assert isinstance(intake.stage, Intake)
    assert DAY + 10 == intake.stage.stream_time_ms


def test_rubbish_becomes_a_dead_letter_as_received_with_the_reason_in_headers() -> None:
    """Key, value and the other headers are kept; code, message and source are ours."""
    (letter,) = task().run([RUBBISH])["dead-letters"]
    assert (b"k", b"{", None) == (letter.key, letter.value, letter.partition)
    headers = dict(letter.headers)
    assert [("trace", b"1")] == list(letter.headers)[:1]
    assert ["trace", "code", "message", "source"] == [name for name, _ in letter.headers]
    assert (b"not_json", b"clicks-0-9") == (headers["code"], headers["source"])
    assert b"JSON" in headers["message"]


def test_a_record_without_a_value_is_a_dead_letter_not_a_watermark() -> None:
    """Inputs take no tombstones."""
    (letter,) = task().run([Record("clicks", 0, 3, DAY, b"k")])["dead-letters"]
    assert (b"k", None) == (letter.key, letter.value)
    assert b"no_value" == dict(letter.headers)["code"]


def test_good_records_around_rubbish_are_passed_on() -> None:
    """One bad record stops nothing."""
    sent = task().run([click(DAY, 0), RUBBISH, click(DAY, 2)])
    assert ["clicks-0-0", "clicks-0-2"] == [value["sourceRecord"] for value in passed(sent)]


def test_a_watermark_record_goes_to_every_inner_partition_behind_the_records() -> None:
    """It says q and S(q)."""
    sent = task().run([click(DAY + 10), click(DAY + 5)])
    told_of = {"watermark": b"clicks-0", "stream-time": b"%d" % (DAY + 10)}
    expected = told_of | {"appended": b"%d" % DAY}
    assert [(p, expected) for p in range(3)] == told(sent, "watermark")
    assert [True, True, False, False, False] == [bool(output.value) for output in sent["inner"]]


def test_a_watermark_record_tells_when_the_last_record_before_it_was_appended() -> None:
    """The Kafka timestamp of the last one, a dead letter or not."""
    last = Record("clicks", 0, 1, DAY + 7, None, b"{")
    (_, headers), *_ = told(task().run([click(DAY), last]), "watermark")
    assert b"%d" % (DAY + 7) == headers["appended"]


@pytest.mark.parametrize("timestamp_ms", [-1, None])
def test_where_no_record_tells_it_a_watermark_record_says_nothing_of_it(
    timestamp_ms: int | None,
) -> None:
    """A record without a Kafka timestamp, or a watermark record that the interval held back."""
    intake = task()
    intake.run([click(DAY)], now_ms=0)
    intake.run([click(DAY + 1)], now_ms=1)
    untold = [replace(click(DAY + 2, 2), timestamp=timestamp_ms)] if timestamp_ms else []
    (_, headers), *_ = told(intake.run(untold, now_ms=500), "watermark")
    assert {"watermark", "stream-time"} == set(headers)


@pytest.mark.parametrize(("after_ms", "records"), [(499, 0), (500, 3), (501, 3)])
def test_watermark_records_are_an_interval_apart(after_ms: int, records: int) -> None:
    """At most every 500 ms, to each of the three partitions."""
    intake = task()
    intake.run([click(DAY)], now_ms=0)
    assert records == len(told(intake.run([click(DAY + 1)], after_ms), "watermark"))


def test_what_the_interval_held_back_is_told_when_it_is_over() -> None:
    """Without further input."""
    intake = task()
    intake.run([click(DAY)], now_ms=0)
    intake.run([click(DAY + 1)], now_ms=1)
    assert 3 == len(told(intake.run(now_ms=500), "watermark"))


def test_no_watermark_record_is_written_unless_stream_time_has_moved() -> None:
    """Nothing heard, or only an older event."""
    intake = task()
    assert {} == intake.run(now_ms=0)
    intake.run([click(DAY)], now_ms=0)
    assert [] == told(intake.run([click(DAY - 1)], now_ms=5_000), "watermark")


def test_a_restart_repeats_the_watermark_and_keeps_stream_time() -> None:
    """S(q) rides with the offset: the next record is stamped with it."""
    intake = task()
    intake.run([click(DAY + 10)], now_ms=0)
    intake.crash()
    sent = intake.run([click(DAY + 5)], now_ms=1)
    assert ["00.010Z"] == [value["streamTime"][-7:] for value in passed(sent)]
    assert [b"%d" % (DAY + 10)] * 3 == [h["stream-time"] for _, h in told(sent, "watermark")]


def test_a_restart_before_the_first_valid_record_has_nothing_to_repeat() -> None:
    """Rubbish alone has no stream time."""
    intake = task()
    intake.run([RUBBISH])
    intake.crash()
    assert isinstance(intake.stage, Intake)
    assert NEVER_MS == intake.stage.stream_time_ms
    assert {} == intake.run()


@pytest.mark.parametrize(
    ("quiet_ms", "records"), [(TIMEOUT - 1, 0), (TIMEOUT, 3), (TIMEOUT + 7, 3)]
)
def test_an_input_partition_is_idle_when_its_end_was_quiet_for_the_timeout(
    quiet_ms: int, records: int
) -> None:
    """The idle record says q, S(q) and idle for how long; every inner partition gets it."""
    intake = task()
    intake.run([click(DAY)], now_ms=100, at_end=True)
    idle = told(intake.run(now_ms=100 + quiet_ms, at_end=True), "idle")
    headers = {"idle": b"clicks-0", "stream-time": b"%d" % DAY, "idle-for": b"%d" % quiet_ms}
    assert [(p, headers) for p in range(records)] == idle


def test_an_empty_input_partition_is_idle_too() -> None:
    """Quiet since it was first looked at; it has no stream time."""
    intake = task()
    intake.run(now_ms=100, at_end=True)
    idle = told(intake.run(now_ms=100 + TIMEOUT, at_end=True), "idle")
    assert [b""] * 3 == [headers["stream-time"] for _, headers in idle]


def test_an_input_partition_is_idle_only_at_its_end() -> None:
    """Nothing was fetched for long, but there is more: quiet begins at the end."""
    intake = task()
    intake.run([click(DAY)], now_ms=0, at_end=True)
    assert [] == told(intake.run(now_ms=2 * TIMEOUT, at_end=False), "idle")
    assert [] == told(intake.run(now_ms=3 * TIMEOUT - 1, at_end=True), "idle")
    assert 3 == len(told(intake.run(now_ms=3 * TIMEOUT, at_end=True), "idle"))


def test_idleness_is_repeated_every_timeout() -> None:
    """Each holds for two; the idle time grows."""
    intake = task()
    intake.run([click(DAY)], now_ms=0, at_end=True)
    intake.run(now_ms=TIMEOUT, at_end=True)
    assert [] == told(intake.run(now_ms=2 * TIMEOUT - 1, at_end=True), "idle")
    again = told(intake.run(now_ms=2 * TIMEOUT, at_end=True), "idle")
    assert [b"%d" % (2 * TIMEOUT)] * 3 == [headers["idle-for"] for _, headers in again]


def test_the_next_record_ends_idleness() -> None:
    """Then the timeout begins anew."""
    intake = task()
    intake.run([click(DAY)], now_ms=0, at_end=True)
    intake.run(now_ms=TIMEOUT, at_end=True)
    comes_ms = TIMEOUT + 10
    assert [] == told(intake.run([click(DAY)], comes_ms, at_end=True), "idle")
    assert [] == told(intake.run(now_ms=comes_ms + TIMEOUT - 1, at_end=True), "idle")
    idle = told(intake.run(now_ms=comes_ms + TIMEOUT, at_end=True), "idle")
    assert [b"%d" % TIMEOUT] * 3 == [headers["idle-for"] for _, headers in idle]


def test_rubbish_alone_does_not_end_idleness() -> None:
    """It moves no stream time, so nothing waits for it."""
    intake = task()
    intake.run([click(DAY)], now_ms=0, at_end=True)
    assert 3 == len(told(intake.run([RUBBISH], TIMEOUT, at_end=True), "idle"))


def test_a_restart_begins_to_be_quiet_anew() -> None:
    """Its owner's monotonic clock is another one."""
    intake = task()
    intake.run([click(DAY)], now_ms=0, at_end=True)
    intake.crash()
    assert [] == told(intake.run(now_ms=5 * TIMEOUT, at_end=True), "idle")
    assert 3 == len(told(intake.run(now_ms=6 * TIMEOUT, at_end=True), "idle"))


def test_a_watermark_record_that_lets_a_window_close_waits_for_no_interval() -> None:
    """Grace included: at 60 s of size and 5 of grace, one closes with stream time 65."""
    rules = replace(RULES, closing=(60 * SECOND, 5 * SECOND))
    stage = Task(lambda _: Intake(CLICKS, rules, "clicks-0"))
    seconds = [6, 64, 65, 66, 124, 125]
    sent = [stage.run([click(DAY + s * SECOND)]) for s in seconds]
    told_at = [s for s, out in zip(seconds, sent, strict=True) if told(out, "watermark")]
    assert [6, 65, 125] == told_at
