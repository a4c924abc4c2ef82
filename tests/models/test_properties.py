"""The promise: the output is a function of the input topics alone.

Any interleaving of input partitions, any batches, any crashes and replays, any number of inner
partitions give what the independent recount of :mod:`tests.models.reference` gives.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import counting, joining, outcomes
from tests.models.fakes import Record
from tests.models.pipeline import TIMEOUT, Actor, Pipeline, Turn
from tests.models.reference import Values, recount, stream_time, text, windows
from tests.models.strategies import CRASHES, PARTITIONS, Case, cases, idle_times, turns

ALL = 1 << 30
HOUR = 10


@contextmanager
def at_most(rows: int) -> Iterator[None]:
    """Let a step close, resolve or delete so many rows."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counting, "MAX_ROWS", rows)
        patch.setattr(joining, "MAX_ROWS", rows)
        patch.setattr(outcomes, "HOUR_MS", HOUR)  # so short that some expire
        yield


def ran(case: Case) -> Pipeline:
    """The flow after the plan and all that it left."""
    pipeline = Pipeline(case.rules, case.inputs, case.partitions)
    with at_most(case.rows):
        for turn in case.plan:
            pipeline.turn(turn)
        pipeline.drain()
    return pipeline


def expected(case: Case, idle: Mapping[str, int]) -> Values:
    """What the recount gives, without the topics that get nothing."""
    values = recount(case.rules, case.inputs, idle)
    return {topic: found for topic, found in values.items() if found}


@settings(max_examples=600, deadline=None)
@given(st.data(), cases())
def test_any_order_of_work_gives_what_a_recount_of_the_inputs_gives(
    data: st.DataObject, case: Case
) -> None:
    """Before the inputs rest, and when some or all of their partitions do in the end."""
    pipeline = ran(case)
    assert expected(case, {}) == pipeline.came_out()
    idle = data.draw(idle_times(case.inputs))
    with at_most(case.rows):
        pipeline.rest(idle)
    assert expected(case, idle) == pipeline.came_out()


@settings(max_examples=400, deadline=None)
@given(st.data(), cases())
def test_the_tables_tell_of_windows_and_purchases_what_a_recount_tells(
    data: st.DataObject, case: Case
) -> None:
    """Of those that are still kept, and of no others; summaries agree with rankings."""
    pipeline = ran(case)
    assert windows(case.rules, case.inputs, {}) == pipeline.windows()
    idle = data.draw(idle_times(case.inputs))
    with at_most(case.rows):
        pipeline.rest(idle)
        assert windows(case.rules, case.inputs, idle) == pipeline.windows()
        assert readable(case, idle) == pipeline.outcomes(["ann", "7"])


def readable(case: Case, idle: Mapping[str, int]) -> Values:
    """What came of purchases, by topic, until its hour's end + retention <= W."""
    kept = stream_time(case.inputs, idle) - case.rules.join_grace - case.rules.retention - HOUR
    first = text(max(kept - kept % HOUR + HOUR, 0))
    return {
        topic: Counter(
            {
                v: n
                for v, n in expected(case, idle).get(topic, Counter()).items()
                if bought(v) >= first
            }
        )
        for topic in ("conversion-events", "unattributed-purchases")
    }


def bought(value: str) -> str:
    """When a purchase was, of what came of it."""
    found: str = json.loads(value)["purchaseTimestamp"]
    return found


@settings(max_examples=200, deadline=None)
@given(cases(), PARTITIONS, turns())
def test_two_runs_of_the_same_inputs_give_the_same(
    case: Case, partitions: int, plan: list[Turn]
) -> None:
    """With another number of inner partitions, too: no recount is needed to say so."""
    other = replace(case, partitions=partitions, plan=plan)
    assert ran(case).came_out() == ran(other).came_out()


@settings(max_examples=300, deadline=None)
@given(cases(TIMEOUT, TIMEOUT + 7))
def test_with_idleness_anywhere_no_record_is_lost_or_used_twice(case: Case) -> None:
    """Each click counts, revises or is late, once; each purchase is matched, unattributed or late.

    A purchase may be both of the first where late records revise.
    """
    pipeline = ran(replace(case, rules=replace(case.rules, emit_late=True, count_bots=True)))
    pipeline.rest(dict.fromkeys(pipeline.intakes, 5_000))
    found = {topic: decoded(values) for topic, values in pipeline.came_out().items()}
    late = Counter(
        (event["stage"], event["record"]["sourceRecord"]) for event in found.get("late-events", ())
    )
    assert set(late.values()) <= {1}
    counts = found.get("click-counts", ())
    counted = sum(1 if "revision" in count else count["clickCount"] for count in counts)
    not_counted = sum(stage == "count" for stage, _ in late)
    assert len(valid(case.inputs["clicks"])) == counted + not_counted
    pairs = [conversion["id"] for conversion in found.get("conversion-events", ())]
    assert len(pairs) == len(set(pairs))
    fates = Counter({conversion["purchase"] for conversion in found.get("conversion-events", ())})
    left = Counter(purchase["purchase"] for purchase in found.get("unattributed-purchases", ()))
    fates.update(left if not case.rules.revise else left - fates)
    fates.update(source for stage, source in late if stage == "join" and "purchases" in source)
    assert dict.fromkeys(valid(case.inputs["purchases"]), 1) == fates
    assert set(left.values()) <= {1}


@settings(max_examples=200, deadline=None)
@given(st.data(), cases(TIMEOUT, TIMEOUT + 7))
def test_a_rebuild_from_the_inner_topics_repeats_what_idleness_did(
    data: st.DataObject, case: Case
) -> None:
    """Record by record, or in any batches with crashes: what was late is late again."""
    pipeline = ran(case)
    pipeline.rest(dict.fromkeys(pipeline.intakes, 5_000))
    slow, fast = (Pipeline(case.rules, case.inputs, case.partitions) for _ in range(2))
    for number in range(len(pipeline.behind)):
        records = in_order(pipeline, number)
        with at_most(ALL):
            for record in records:
                slow.behind[number].task.run([record])
        cuts = data.draw(st.lists(st.tuples(st.integers(1, 9), CRASHES), max_size=9))
        with at_most(case.rows):
            batches(fast.behind[number], records, cuts)
    assert slow.came_out() == fast.came_out()
    assert slow.rows() == fast.rows()


def in_order(pipeline: Pipeline, number: int) -> list[Record]:
    """What a task behind the inner topics has to read, in the order of append."""
    places = pipeline.behind[number].inputs
    records = [record for place in places for record in pipeline.logs[place]]
    return sorted(records, key=lambda record: record.timestamp)


def batches(actor: Actor, records: list[Record], cuts: list[tuple[int, str]]) -> None:
    """Give the records in batches, some of which crash or are read once more."""
    at = 0
    seen = [(0, actor.task.committed())]
    for count, crash in [*cuts, (ALL, "")]:
        if crash == "rewind":
            del seen[max(1, len(seen) - count) :]
            at, committed = seen[-1]
            actor.task.rewind(committed)
        actor.task.run(records[at : at + count], crash=crash)
        at += count
        seen.append((at, actor.task.committed()))


def decoded(values: Counter[str]) -> list[Any]:
    """The values, each as often as it came."""
    return [json.loads(value) for value in values.elements()]


def valid(logs: Sequence[Sequence[Record]]) -> list[str]:
    """The places of the records that are no rubbish."""
    return [
        f"{record.topic}-{record.partition}-{record.offset}"
        for log in logs
        for record in log
        if record.value not in {None, b"{"}
    ]


def test_the_cases_reach_every_output() -> None:
    """A property over inputs that lead to nothing would hold of anything."""
    reached: Counter[str] = Counter()

    @settings(max_examples=300, deadline=None, database=None, derandomize=True)
    @given(cases())
    def reach(case: Case) -> None:
        for topic, values in expected(case, {}).items():
            reached.update({topic, f"{topic} revised"} if "revision" in str(values) else {topic})

    reach()
    outputs = ["click-counts", "late-events", "conversion-events", "unattributed-purchases"]
    assert [] == [(t, reached[t]) for t in outputs if reached[t] < 30]
    revised = [f"{topic} revised" for topic in outputs if topic != "late-events"]
    assert [] == [(t, reached[t]) for t in revised if reached[t] < 5]
