"""The law of stages that read many records at a time: it comes to what one by one does.

However the records are cut into steps, and whatever is among them: outputs in their order, what
became of each, rows and what is remembered are the same.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from models.counting import Counting
from models.join import JoinRules
from models.joining import Joining
from models.stage import InputRecord, Rows, Stage, Step
from models.watermark import StreamTime
from models.window_clicks import ClickReader
from models.windows import WindowRules
from tests.models.fakes import BY_USER, ENRICHED, Record
from tests.models.inner_logs import LOGS, PARTITIONS
from tests.models.many import SIZES, OneByOne, batched, run, singly, whole

TIMEOUT = 5


class ReaderOneByOne(ClickReader):
    """Reads every click by itself."""

    def __init__(self, rules: WindowRules, time: StreamTime) -> None:
        super().__init__(rules, time)
        self._reader = OneByOne(self._reader._decoder.type)

    def _read_all(self, *_: object) -> bool:
        return False


class CountingOneByOne(Counting):
    """Counts every click by itself."""

    def __init__(self, rules: WindowRules, time: StreamTime, rows: Rows) -> None:
        super().__init__(rules, time, rows)
        self._clicks = ReaderOneByOne(rules, time)


class JoiningOneByOne(Joining):
    """Judges every record by itself."""

    def _judged(self, records: Sequence[InputRecord], step: Step) -> Iterable[Any]:
        return self._judged_each(records, None, step)


CLICK_LOGS = LOGS.map(lambda log: [record for record in log if record.topic == ENRICHED])
RULES = st.builds(
    WindowRules,
    size_ms=st.sampled_from([5, 10]),
    grace_ms=st.sampled_from([0, 3]),
    retention_ms=st.sampled_from([0, 1, 20]),
    emit_late=st.booleans(),
    count_bots=st.sampled_from([True, True, False]),
    rankings=st.sampled_from([("products", "pages"), ("pages",), ("products",), ()]),
)


def counted(
    stage: type[Counting], rules: WindowRules, partitions: int = PARTITIONS
) -> Callable[[Rows], Stage]:
    """A counting stage over so many input partitions of clicks."""
    return lambda rows: stage(rules, StreamTime({"clicks": partitions}, TIMEOUT), rows)


@settings(max_examples=600, deadline=None)
@given(CLICK_LOGS, RULES, SIZES)
def test_clicks_are_counted_many_at_a_time_as_one_by_one(
    records: list[Record], rules: WindowRules, sizes: list[int]
) -> None:
    """Late ones, bots, signals and rubbish among them; partitions idle, back, and unknown."""
    slow = run(counted(CountingOneByOne, rules), singly(records)).told()
    assert slow == run(counted(Counting, rules), singly(records)).told()
    assert slow == run(counted(Counting, rules), batched(records, sizes)).told()
    assert slow == run(counted(Counting, rules), [records]).told()


@settings(max_examples=500, deadline=None)
@given(CLICK_LOGS, st.integers(0, 20), RULES, st.integers(0, 30), st.integers(1, PARTITIONS))
def test_they_are_after_a_restart_with_another_grace_or_more_input_partitions(
    records: list[Record], at: int, rules: WindowRules, grace_ms: int, partitions: int
) -> None:
    """What closed under a shorter grace stays closed, S where it was."""
    changed = replace(rules, grace_ms=grace_ms)
    told = []
    for stage, cut in ((CountingOneByOne, singly), (Counting, singly), (Counting, whole)):
        ran = run(counted(stage, rules, partitions), cut(records[:at]))
        ran.restart(counted(stage, changed))
        for batch in cut(records[at:]):
            ran.step(batch)
        told.append(ran.told())
    assert told[:1] * 3 == told


def test_most_clicks_are_counted_many_at_a_time() -> None:
    """And some logs are not: both ways are tried."""
    ways = Counter[bool]()

    class WatchedReader(ClickReader):
        def _read_all(self, records: Sequence[InputRecord], *args: Any) -> bool:
            ways[done := super()._read_all(records, *args)] += len(records)
            return done

    class Watched(Counting):
        def __init__(self, rules: WindowRules, time: StreamTime, rows: Rows) -> None:
            super().__init__(rules, time, rows)
            self._clicks = WatchedReader(rules, time)

    @settings(max_examples=200, deadline=None, database=None, derandomize=True)
    @given(CLICK_LOGS, RULES, SIZES)
    def reach(records: list[Record], rules: WindowRules, sizes: list[int]) -> None:
        run(counted(Watched, rules), batched(records, sizes))

    reach()
    assert [] == [(way, ways[way]) for way in (True, False) if ways[way] < ways.total() // 4]


JOIN_RULES = st.builds(
    JoinRules,
    within_ms=st.sampled_from([1, 5, 12, 30]),
    grace_ms=st.sampled_from([0, 3, 12]),
    retention_ms=st.sampled_from([0, 20]),
    attribution=st.sampled_from(["all", "last", "first"]),
    emit_late=st.booleans(),
)


def joined(
    stage: type[Joining], rules: JoinRules, clicks: int = PARTITIONS
) -> Callable[[Rows], Stage]:
    """A joining stage over so many input partitions of clicks."""
    partitions = {"clicks": clicks, "purchases": 1}
    return lambda rows: stage(rules, StreamTime(partitions, TIMEOUT), rows, BY_USER)


@settings(max_examples=600, deadline=None)
@given(LOGS, JOIN_RULES, SIZES)
def test_clicks_and_purchases_are_joined_many_at_a_time_as_one_by_one(
    records: list[Record], rules: JoinRules, sizes: list[int]
) -> None:
    """In the order in which the broker took them."""
    slow = run(joined(JoiningOneByOne, rules), singly(records)).told()
    assert slow == run(joined(Joining, rules), singly(records)).told()
    assert slow == run(joined(Joining, rules), batched(records, sizes)).told()
    assert slow == run(joined(Joining, rules), [records]).told()


@settings(max_examples=600, deadline=None)
@given(LOGS, st.integers(0, 20), JOIN_RULES)
def test_they_are_after_a_restart_with_more_input_partitions(
    records: list[Record], at: int, rules: JoinRules
) -> None:
    """What comes from a new one is judged by S, which stays where it was."""
    told = []
    for stage, cut in ((JoiningOneByOne, singly), (Joining, singly), (Joining, whole)):
        ran = run(joined(stage, rules, 1), cut(without("clicks-1", records[:at])))
        ran.restart(joined(stage, rules))
        for batch in cut(records[at:]):
            ran.step(batch)
        told.append(ran.told())
    assert told[:1] * 3 == told


def without(q: str, records: Sequence[Record]) -> list[Record]:
    """All but those of an input partition."""
    return [record for record in records if q not in f"{record.value!r} {record.headers}"]
