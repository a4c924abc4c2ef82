"""Laws of late records that revise what was said, and never what will be said of those on time."""

from typing import Any

import pytest

from models import counting, join
from models.counting import Counting
from models.join import JoinRules
from models.joining import Joining
from models.queries import windows_of
from models.revisions import REVISION
from models.watermark import StreamTime
from models.windows import ROW, WindowRules
from tests.models.fakes import BY_USER, HOUR, MINUTE, Record, Task, at, inner, said
from tests.models.fakes import watermark as heard

WINDOWS = WindowRules(5 * MINUTE, 2 * MINUTE, HOUR, revise_ms=HOUR)
JOIN = JoinRules(HOUR, 2 * MINUTE, HOUR, revise_ms=30 * MINUTE)
CRASHES = pytest.mark.parametrize("crash", ["", "before", "after"])


def counted(partitions: int = 1) -> Task:
    """The counting stage over so many input partitions."""
    return Task(lambda rows: Counting(WINDOWS, StreamTime({"clicks": partitions}, 1), rows))


def joined(clicks: int = 1) -> Task:
    """The joining stage over so many input partitions of clicks and one of purchases."""
    partitions = {"clicks": clicks, "purchases": 1}
    return Task(lambda rows: Joining(JOIN, StreamTime(partitions, 1), rows, BY_USER))


def click(clock: str, stream: str | None = None, source: str = "clicks-0-0", **of: Any) -> Record:
    """A click of u on p, in an input partition whose stream time is this."""
    stream_ms = at(stream or clock)
    fields = {"productId": "p"} | of
    return inner(fields.pop("user", "u"), at(clock), source, stream_ms=stream_ms, **fields)


def purchase(clock: str, stream: str | None = None) -> Record:
    """A purchase of p by u."""
    return click(clock, stream, "purchases-0-0")


def counts(task: Task, *records: Record, crash: str = "") -> list[tuple[str, int, int]]:
    """Users, counts and revisions that the records lead to; 0 for a final count."""
    sent = said(task.run(records, crash=crash), "click-counts")
    return [(told["userId"], told["clickCount"], told.get("revision", 0)) for told in sent]


def pairs(task: Task, *records: Record) -> list[tuple[str, int]]:
    """Conversions and unattributed purchases that the records lead to, and their revisions."""
    sent = task.run(records)
    told = [*said(sent, "conversion-events"), *said(sent, "unattributed-purchases")]
    return [(one.get("id", one["purchase"]), one.get("revision", 0)) for one in told]


PAIR = "clicks-0-0/purchases-0-0"
LEFT = "purchases-0-0"


@CRASHES
def test_each_late_click_gives_a_record_of_its_own_whatever_the_batches(crash: str) -> None:
    """Two on time, then two late ones: three, four; in one batch or in two."""
    first = [click("10:01"), click("10:02"), click("10:08")]
    late = [click("10:03", "10:08"), click("10:04", "10:08")]
    together, apart = counted(), counted()
    assert [("u", 2, 0)] == counts(together, *first, crash=crash)
    assert [("u", 3, 1), ("u", 4, 2)] == counts(together, *late, crash=crash)
    assert [("u", 2, 0), ("u", 3, 1)] == counts(apart, *first, late[0], crash=crash)
    assert [("u", 4, 2)] == counts(apart, late[1], crash=crash)
    assert [("u", 5, 3)] == counts(apart, late[0], crash=crash)


@CRASHES
def test_revisions_wait_until_the_window_has_closed_for_slower_partitions(crash: str) -> None:
    """The final count comes first, without the late click; one on time comes after that."""
    # clicks-0 -----------------|10:08    10:03 is late
    # clicks-1 -----|10:04                10:04 is on time: S = 10:04
    task = counted(2)
    late = [click("10:03", "10:08"), click("10:02", "10:08", user="a")]
    assert [] == counts(task, click("10:01"), *late, heard("clicks-1", at("10:04")), crash=crash)
    assert [] == counts(task, click("10:04", source="clicks-1-0"), crash=crash)
    expected = [("a", 1, 1), ("u", 2, 0), ("u", 3, 1)]
    assert expected == counts(task, heard("clicks-1", at("10:08")), crash=crash)
    assert [("u", 4, 2)] == counts(task, click("10:00", "10:08"), crash=crash)


@CRASHES
@pytest.mark.parametrize("most", [1, 2, 3, 7])
def test_a_window_closes_in_bounded_steps_user_by_user(
    most: int, crash: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its revisions follow each user's final count, over a crash between any two steps."""
    monkeypatch.setattr(counting, "MAX_ROWS", most)
    task = counted(2)
    on_time = [click("10:01", user=user) for user in "bdde"]
    late = [click("10:03", "10:08", user=user) for user in "abbdd"]
    for record in [*on_time, *late, click("10:06", user="z")]:
        assert [] == counts(task, record, crash=crash)
    expected = [("a", 1, 1), ("b", 1, 0), ("b", 2, 1), ("b", 3, 2)]
    expected += [("d", 2, 0), ("d", 3, 1), ("d", 4, 2), ("e", 1, 0)]
    assert expected == counts(task, heard("clicks-1", at("10:08")), crash=crash)
    assert [("b", 4, 3)] == counts(task, click("10:03", "10:08", user="b"), crash=crash)
    assert [] == counts(task, click("10:07", "10:12", user="z"), crash=crash)
    passed = heard("clicks-1", at("10:12"))
    assert [("z", 1, 0), ("z", 2, 1)] == counts(task, passed, crash=crash)


@pytest.mark.parametrize("most", [1, 3])
def test_a_step_says_no_more_than_allowed_beyond_its_last_user(
    most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So a transaction's size is bounded, but for one user's revisions of one window."""
    monkeypatch.setattr(counting, "MAX_ROWS", most)
    task = counted(2)
    task.run([click("10:03", "10:08", user=user) for user in "aabbcc"])
    step = task.stage.step([heard("clicks-1", at("10:08"))], 0, at_end=False)
    assert (most + 1, True) == (len(step.outputs["click-counts"]), step.more)


@CRASHES
def test_a_window_of_late_clicks_alone_closes_too(crash: str) -> None:
    """Nobody clicked on time, in it or in another one."""
    task = counted(2)
    assert [] == counts(task, click("10:03", "10:08"), crash=crash)
    assert [] == counts(task, heard("clicks-1", at("10:04")), crash=crash)
    assert [("u", 1, 1)] == counts(task, heard("clicks-1", at("10:08")), crash=crash)


def test_a_user_with_late_clicks_only_has_no_final_count() -> None:
    """Its revisions begin at one click."""
    task = counted()
    assert [] == counts(task, click("10:08", user="other"))
    assert [("u", 1, 1), ("u", 2, 2)] == counts(task, *[click("10:03", "10:08")] * 2)


@pytest.mark.parametrize(("stream", "revised"), [("11:06:59", 1), ("11:07", 0)])
def test_a_click_as_late_as_the_horizon_is_a_late_event(stream: str, revised: int) -> None:
    """Closed at 10:07, with a horizon of an hour: until before 11:07."""
    task = counted()
    task.run([click("10:01"), click("10:08", user="other")])
    sent = task.run([click("10:03", stream)])
    assert revised == sum("revision" in told for told in said(sent, "click-counts"))
    assert 1 - revised == len(said(sent, "late-events"))
    assert (revised, 1 - revised) == tuple(
        task.ledger.became.get(n, 0) for n in ("revised", "late")
    )


def test_a_revision_is_not_said_with_a_window_that_it_does_not_belong_to() -> None:
    """Its record names user and window as the final count does, and nothing else of them."""
    task = counted()
    [final] = said(task.run([click("10:01"), click("10:07")]), "click-counts")
    [revised] = said(task.run([click("10:03", "10:08")]), "click-counts")
    assert final | {"clickCount": 2, "revision": 1} == revised


def test_rows_of_revisions_expire_with_their_window() -> None:
    """After 11:07, retention and horizon being an hour, nothing of the window is left."""
    task = counted()
    task.run([click("10:01"), click("10:03", "10:08")])
    assert (1, 1) == (len(task.kind(ROW)), len(task.kind(REVISION)))
    task.run([heard("clicks-0", at("11:07"))])
    assert {} == task.kind(ROW) | task.kind(REVISION)


def test_a_reader_is_told_the_last_revision_of_a_final_count_alone() -> None:
    """While the window is open a late click does not show."""
    task = counted(2)
    task.run([click("10:01"), click("10:03", "10:08"), heard("clicks-1", at("10:04"))])
    assert [(1, False, None)] == told(task)
    task.run([heard("clicks-1", at("10:08"))])
    assert [(2, True, 1)] == told(task)


def told(task: Task) -> list[tuple[object, ...]]:
    """Count, finality and revision of u's windows."""
    closed_to = ROW + at("10:05").to_bytes(8, "big") if task.sent else b""
    found = windows_of(task.rows, WINDOWS, b"u", closed_to)
    return [(one["clickCount"], one["final"], one.get("revision")) for one in found]


#: Late by a minute: their partition stands at 10:08, the grace is two minutes.
LATE = [click("10:05", "10:08"), purchase("10:05", "10:08")]


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize(
    ("records", "revision"),
    [
        ([click("10:05"), purchase("10:05")], 0),
        ([LATE[0], purchase("10:05")], 1),
        ([click("10:05"), LATE[1]], 1),
        (LATE, 1),
    ],
)
def test_a_pair_with_a_late_record_is_emitted_once_as_a_revision(
    records: list[Record], revision: int, order: int
) -> None:
    """Whichever comes first; another partition is slower, so that W has not passed them."""
    task = joined(2)
    assert [] == pairs(task, records[::order][0])
    assert [(PAIR, revision)] == pairs(task, records[::order][1])


def test_a_late_purchase_is_said_to_be_unattributed_though_a_late_click_matches() -> None:
    """Late clicks may come before it or after, so they don't count: the pair replaces it."""
    task = joined()
    assert [] == pairs(task, heard("clicks-0", at("10:08")), heard("purchases-0", at("10:08")))
    assert [] == pairs(task, LATE[0])
    assert [(PAIR, 1), (LEFT, 1)] == pairs(task, LATE[1])


def test_a_late_click_does_not_change_what_is_said_of_a_purchase() -> None:
    """It is unattributed all the same, though the late click came before that was said."""
    before, after = joined(), joined()
    passed = heard("clicks-0", at("10:08")), heard("purchases-0", at("10:08"))
    assert [(PAIR, 1)] == pairs(before, purchase("10:05"), LATE[0])
    assert [(LEFT, 0)] == pairs(before, *passed)
    assert [(LEFT, 0)] == pairs(after, purchase("10:05"), *passed)
    assert [(PAIR, 1)] == pairs(after, LATE[0])


def test_a_late_purchase_is_unattributed_once_w_has_passed_it_and_it_was_read() -> None:
    """Its own partition has gone on, but a slower one may still bring a click on time."""
    waits, matched, passed = joined(2), joined(2), joined(2)
    slow = [heard("clicks-0", at("10:08")), heard("clicks-1", at("10:04"))]
    gone = heard("clicks-1", at("10:08"))
    for task in (waits, matched, passed):
        assert [] == pairs(task, heard("purchases-0", at("10:08")), *slow)
    assert [] == pairs(waits, LATE[1])
    assert [(LEFT, 1)] == pairs(waits, gone)
    source = "clicks-1-0"
    assert [(f"{source}/{LEFT}", 1)] == pairs(matched, LATE[1], click("10:05", source=source))
    assert [] == pairs(matched, gone)
    assert [] == pairs(passed, gone)
    assert [(LEFT, 1)] == pairs(passed, LATE[1])


def test_a_crash_does_not_say_again_what_was_said_of_a_purchase() -> None:
    """It is kept for late clicks, and known to be late itself, and to be said."""
    task = joined()
    passed = [heard("clicks-0", at("10:08")), heard("purchases-0", at("10:08"))]
    assert [(LEFT, 1)] == pairs(task, *passed, LATE[1])
    task.crash()
    assert [(PAIR, 1)] == pairs(task, LATE[0])
    task.crash()
    assert [] == pairs(task, *passed)
    early = joined(2)
    assert [] == pairs(early, LATE[1])
    early.crash()
    assert [(LEFT, 1)] == pairs(early, *passed, heard("clicks-1", at("10:08")))


@pytest.mark.parametrize(("stream", "taken"), [("10:37", 1), ("10:37:01", 0)])
def test_a_record_later_than_the_horizon_takes_no_part(stream: str, taken: int) -> None:
    """10:05, the grace and half an hour: until 10:37."""
    task = joined()
    task.run([purchase("10:05")])
    sent = task.run([click("10:05", stream)])
    assert taken == len(said(sent, "conversion-events"))
    assert 1 - taken == len(said(sent, "late-events"))


def test_both_halves_are_kept_for_the_horizon_and_no_longer() -> None:
    """A purchase until W > 10:35; a click, in buckets of ten minutes, until W >= 11:40."""
    task = joined()
    both = [heard("clicks-0", 0), heard("purchases-0", 0)]
    task.run([click("10:05"), purchase("10:05")])
    for clock, kept in (
        ("10:37", {"p", "c"}),
        ("10:38", {"c"}),
        ("11:41", {"c"}),
        ("11:42", set()),
    ):
        both = [heard(q, at(clock)) for q in ("clicks-0", "purchases-0")]
        task.run(both)
        kinds = {key[:1].decode() for key in task.rows.rows} & {"c", "p"}
        assert (clock, kept) == (clock, kinds)


@pytest.mark.parametrize("late", [False, True])
def test_a_clicks_row_tells_whether_it_was_late(late: bool) -> None:
    """Its source can be read of either."""
    assert ("clicks-0-1", late) == join.click_in(join.click_row("clicks-0-1", late=late))
