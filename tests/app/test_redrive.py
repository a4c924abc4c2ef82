"""Laws of what is put back, where, and in what bytes."""

import json
from dataclasses import replace

import msgspec
import pytest

from app.explain.topics import Place
from app.records import KafkaRecord
from app.redriving.candidates import Candidate, How, Judge, Times, refusal
from app.redriving.choice import Choice
from app.redriving.letters import Inputs, of_late, of_letter, put_back
from app.redriving.plan import Plan, Planner
from app.redriving.sources import _runs
from models.dead_letters import dead_letter
from models.join import JoinRules
from models.stage import InputRecord
from models.timestamps import iso
from models.watermark import NEVER_MS
from models.windows import WindowRules
from tests.nasty import corpus

MINUTE_MS = 60_000
NOW_MS = 1_800_000_000_000
START_MS = NOW_MS - NOW_MS % (5 * MINUTE_MS)
WINDOWS = WindowRules(5 * MINUTE_MS, 2 * MINUTE_MS, 24 * 60 * MINUTE_MS)
JOIN = JoinRules(60 * MINUTE_MS, 2 * MINUTE_MS, retention_ms=24 * 60 * MINUTE_MS)
INPUTS = Inputs({"clicks": "clicks", "purchases": "purchases"}, 0, NOW_MS)
SOURCE = Place("clicks", 1, 7)
CLICK = Candidate(SOURCE, "clicks", SOURCE, How.ANEW, "count", "u", None, START_MS + MINUTE_MS)


def judge(q_ms: tuple[int, ...], stage_ms: int = NEVER_MS, closed: int = 0) -> Judge:
    """One that knows how far two input partitions, the stages and the windows are."""
    return Judge(
        WINDOWS, JOIN, Times({"clicks": q_ms, "purchases": q_ms}, [stage_ms], [stage_ms], [closed])
    )


def record(value: bytes | None, **more: object) -> InputRecord:
    """A record of clicks-1, or of another topic."""
    fields: dict[str, object] = {
        "topic": "clicks",
        "partition": 1,
        "offset": 7,
        "timestamp": NOW_MS,
        "key": b"k",
        "headers": (("h", b"1"),),
    }
    return KafkaRecord(**fields | {"value": value} | more)  # type: ignore[arg-type]


def letter(value: bytes | None, code: str = "not_json", source: str = "clicks-1-7") -> InputRecord:
    """The dead letter of a value."""
    sent = dead_letter(record(value), source, code, "why")
    return record(sent.value, topic="dead-letters", key=sent.key, headers=sent.headers)


def late(stage: str, user: str = "u", offset: int = 7, **more: object) -> InputRecord:
    """The late event of a click."""
    inner = {
        "userId": user,
        "timestamp": iso(START_MS),
        "device": "bot",
        "bot": True,
        "browser": "b",
        "os": "o",
        "sourceRecord": f"clicks-1-{offset}",
        "streamTime": iso(START_MS),
        "x": 1.10,
    } | more
    value = {"stage": stage, "lateBy": 1.5, "record": inner}
    return record(json.dumps(value).encode(), topic="late-events", key=user.encode())


def test_a_click_goes_home_unless_it_is_late_there() -> None:
    """Then to the slowest partition, if its window is open there; else it stays."""
    open_ms, shut_ms = START_MS + 6 * MINUTE_MS, START_MS + 7 * MINUTE_MS
    assert (1, "") == _verdict(judge((shut_ms, open_ms)))
    assert (0, "") == _verdict(judge((open_ms, shut_ms)))
    assert (1, "late again for count") == _verdict(judge((shut_ms, shut_ms)))
    assert (1, "late again for count") == _verdict(judge((open_ms, open_ms), stage_ms=shut_ms))
    assert (1, "late again for count") == _verdict(judge((shut_ms, shut_ms - 1), shut_ms))


def _verdict(by: Judge, candidate: Candidate = CLICK) -> tuple[int, str]:
    placed = by.placed(candidate)
    assert not placed.refused
    return placed.partition, placed.doubt


def test_a_purchase_is_late_only_for_the_join_and_a_click_with_a_product_for_both() -> None:
    """Beyond the join's grace by a millisecond."""
    event_ms = START_MS + MINUTE_MS
    shut_ms = event_ms + JOIN.grace_ms + 1
    purchase = replace(CLICK, kind="purchases", product="p")
    assert (1, "") == _verdict(judge((shut_ms - 1, shut_ms - 1)), purchase)
    assert (1, "late again for join") == _verdict(judge((shut_ms, shut_ms)), purchase)
    far_ms = START_MS + 60 * MINUTE_MS
    both = replace(CLICK, product="p")
    assert (1, "late again for count and join") == _verdict(judge((far_ms, far_ms)), both)


def test_a_late_record_goes_back_where_it_revises() -> None:
    """Late by less than the horizon it is taken, though later than the grace."""
    windows, join = replace(WINDOWS, revise_ms=MINUTE_MS), replace(JOIN, revise_ms=MINUTE_MS)
    closed_ms, late_ms = START_MS + 7 * MINUTE_MS, START_MS + MINUTE_MS + JOIN.grace_ms
    purchase = replace(CLICK, kind="purchases", product="p")
    for candidate, last_ms, stage in (
        (CLICK, closed_ms + MINUTE_MS - 1, "count"),
        (purchase, late_ms + MINUTE_MS, "join"),
    ):
        for q_ms, doubt in ((last_ms, ""), (last_ms + 1, f"late again for {stage}")):
            by = replace(judge((q_ms, q_ms)), windows=windows, join=join)
            assert (1, doubt) == _verdict(by, candidate)


def test_a_closed_window_stays_as_it_was_given() -> None:
    """A grace that was raised would take the click, and the count was emitted: it is refused."""
    raised = judge((START_MS + 6 * MINUTE_MS,) * 2, START_MS + 6 * MINUTE_MS, closed=START_MS + 1)
    assert raised.placed(CLICK).refused
    assert not replace(raised, times=replace(raised.times, closed=[START_MS])).placed(CLICK).refused


@pytest.mark.parametrize(
    ("kind", "product", "stages", "taken"),
    [
        ("clicks", None, {"count"}, True),
        ("clicks", "p", {"count", "join"}, True),
        ("clicks", "p", {"count"}, False),
        ("clicks", "p", {"join"}, False),
        ("purchases", "p", {"join"}, True),
    ],
)
def test_what_a_stage_took_is_never_put_back(
    kind: str, product: str | None, stages: set[str], taken: bool
) -> None:
    """It would take it twice; what was late for all stages that it goes to was taken by none."""
    candidate = replace(CLICK, kind=kind, product=product)
    assert taken == (refusal(candidate, stages) == "")


def test_a_letter_goes_back_as_received() -> None:
    """Key, value and headers, with where it was redriven from; an older redrive's are replaced."""
    received = record(b"{", headers=(("h", b"1"), ("redriven-from", b"clicks-0-0")))
    sent = dead_letter(received, "clicks-1-7", "not_json", "why")
    held = record(sent.value, topic="dead-letters", headers=sent.headers)
    candidate = of_letter(held, INPUTS)
    assert isinstance(candidate, Candidate)
    key, value, headers = put_back(candidate, held, "run")
    assert (b"k", b"{") == (key, value)
    ours = [("redriven-from", b"clicks-1-7"), ("redrive-id", b"run")]
    assert [("h", b"1"), *ours] == headers


@pytest.mark.parametrize("source", ["access.log:199", "enriched-clicks-0-1"])
def test_a_letter_of_no_input_topic_is_left_out(source: str) -> None:
    """A line of a file, or a record that nobody else may write."""
    assert isinstance(of_letter(letter(b"{", source=source), INPUTS), str)


def test_a_letter_is_judged_by_the_rules_of_now() -> None:
    """One that is bad still is doubted; one whose time has come is not."""
    value = json.dumps({"userId": "u", "timestamp": iso(NOW_MS)}).encode()
    good, bad = of_letter(letter(value, "in_the_future"), INPUTS), of_letter(letter(b"{"), INPUTS)
    assert isinstance(good, Candidate)
    assert isinstance(bad, Candidate)
    assert ("", NOW_MS, "u") == (good.doubt, good.event_ms, good.user)
    assert "a dead letter again: not_json" == bad.doubt


def test_a_letter_that_was_cut_is_read_anew_or_left_out() -> None:
    """Its source has the whole of it, as long as it is there."""
    cut = letter(b"x" * (4 << 20), "too_large")
    kept = _planned([cut], start=7)
    assert [(How.ANEW, SOURCE)] == [(c.how, c.held) for c in kept.candidates]
    gone = _planned([cut], start=8)
    assert ([], 1) == (gone.candidates, gone.left_out.total())


def _planned(
    records: list[InputRecord],
    start: int = 0,
    choice: Choice | None = None,
    marks: frozenset[str] = frozenset(),
) -> Plan:
    planner = Planner(INPUTS, choice or Choice(), set(marks), {("clicks", 1): start})
    take = planner.letters if records[0].topic == "dead-letters" else planner.events
    take(records)
    return planner.plan(judge((NEVER_MS, NEVER_MS)))


def test_what_is_marked_is_not_sent_again() -> None:
    """A mark is the source that was put back."""
    marked = _planned([letter(b"{")], marks=frozenset({"clicks-1-7"}))
    assert ([], 1) == (marked.candidates, marked.done)


def test_a_late_record_is_read_anew_or_rebuilt() -> None:
    """Without the fields that are ours, and the others to the letter."""
    [anew] = _planned([late("count")], start=7).candidates
    assert (How.ANEW, SOURCE) == (anew.how, anew.held)
    [rebuilt] = _planned([late("count")], start=8).candidates
    assert How.REBUILT is rebuilt.how
    key, value, headers = put_back(rebuilt, late("count"), "run")
    assert (b"u", {"userId": "u", "timestamp": iso(START_MS), "x": 1.1}) == (
        key,
        msgspec.json.decode(value or b""),
    )
    assert ["redriven-from", "redrive-id"] == [name for name, _ in headers]


def test_filters_choose_and_event_times_order() -> None:
    """By user; the oldest event goes first, so that none makes another late."""
    events = [
        late("count", "a", 1, timestamp=iso(START_MS + 5)),
        late("count", "b", 2),
        late("count", "a", 3, timestamp=iso(START_MS + 2)),
    ]
    plan = _planned(events, choice=Choice(user="a"))
    assert [3, 1] == [c.source.offset for c in plan.chosen(anyway=False)]
    assert 0 == _planned(events, choice=Choice(stage="join")).found
    assert 0 == _planned(events, choice=Choice(from_ms=NOW_MS + 1)).found


@pytest.mark.parametrize("value", [n.value for n in corpus()], ids=[n.name for n in corpus()])
def test_a_letter_of_any_bytes_is_judged(value: bytes | None) -> None:
    """Whatever its value is, a redrive does not stumble on it."""
    candidate = of_letter(letter((value or b"")[:100_000]), INPUTS)
    assert isinstance(candidate, Candidate)


@pytest.mark.parametrize("value", [None, b"{", b'{"stage":"count","record":{}}', b"[]"])
def test_a_late_event_that_nobody_of_ours_wrote_is_none(value: bytes | None) -> None:
    """Whatever stands in the topic, a redrive goes on."""
    assert of_late(record(value, topic="late-events"), INPUTS) is None


def test_offsets_close_together_are_read_in_one_go() -> None:
    """Others are sought."""
    assert [(1, 2_000), (9_000, 9_000)] == list(_runs([9_000, 1, 2_000]))
