"""What it takes to compare many at a time with one by one.

Batches of any sizes, values whose borders are moved (what a reader of many lines could take for
good records), a reader of every record by itself, and a run of a stage with all that comes of it.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

from hypothesis import strategies as st

from models.inner import Columns, Reader
from models.stage import InputRecord, Output, Rows, Stage, Step
from tests.models.fakes import DictRows, Record

T = TypeVar("T")

#: What may be done to two values that follow each other, at a place in the second.
_MOVES = ("into the second", "over the border", "a line feed in one", "an empty one", "space")

Move: TypeAlias = tuple[str, int, int]

#: Sizes of batches.
SIZES = st.lists(st.integers(0, 9), max_size=8)

#: Moves: which, at which pair of values, at which byte.
MOVES = st.lists(
    st.tuples(st.sampled_from(_MOVES), st.integers(0, 20), st.integers(0, 400)), max_size=2
)


def moved(values: Sequence[bytes], moves: list[Move]) -> list[bytes]:
    """As many values, most with the same bytes when they are joined."""
    found = list(values)
    for move, pair, byte in moves if len(found) > 1 else ():
        i = pair % (len(found) - 1)
        first, second = found[i], found[i + 1]
        at = byte % (len(first) + 1)
        found[i : i + 2] = {
            "into the second": [first[:at], first[at:] + second],
            "over the border": [first + second[:at], second[at:]],
            "a line feed in one": [first[:at] + b"\n" + first[at:], second],
            "an empty one": [b"", first + second],
            "space": [b" " + first, second + b"\r\n"],
        }[move]
    return found


def batched(items: Sequence[T], sizes: Sequence[int]) -> list[Sequence[T]]:
    """The items in batches of these sizes, and one of all that is left."""
    batches, at = [], 0
    for size in sizes:
        batches.append(items[at : at + size])
        at += size
    return [*batches, items[at:]]


def singly(records: Sequence[Record]) -> list[Sequence[Record]]:
    """A batch for each record, and one of none."""
    return [*([record] for record in records), []]


def whole(records: Sequence[Record]) -> list[Sequence[Record]]:
    """All in one batch."""
    return [records]


class OneByOne(Reader[Any]):
    """Reads every record by itself."""

    def columns(self, records: Sequence[InputRecord]) -> Columns[Any] | None:
        """Never."""


@dataclass
class Run:
    """What came of some steps.

    Attributes:
        stage: The stage, after them.
        rows: The committed rows.
        outputs: By topic, in order.
        became: What became of the records.
        late_by_ms: What each late one lacked.
    """

    stage: Stage
    rows: DictRows
    outputs: dict[str, list[Output]] = field(default_factory=dict)
    became: Counter[str] = field(default_factory=Counter)
    late_by_ms: list[int] = field(default_factory=list)

    def restart(self, create: Callable[[Rows], Stage]) -> None:
        """Go on with a new stage from what was committed."""
        state = self.stage.dump()
        self.stage = create(self.rows)
        self.stage.restore(state)

    def step(self, records: Sequence[Record]) -> None:
        """Step until there is no more to do."""
        step = self.stage.step(records, 0, at_end=False)
        while self._commit(step).more:
            step = self.stage.step((), 0, at_end=False)

    def _commit(self, step: Step) -> Step:
        self.rows.apply(step.changes)
        for topic, outputs in step.outputs.items():
            self.outputs.setdefault(topic, []).extend(outputs)
        self.became.update(step.became)
        self.late_by_ms += step.late_by_ms
        return step

    def told(self) -> tuple[object, ...]:
        """All of it."""
        outputs = {topic: sent for topic, sent in self.outputs.items() if sent}
        return outputs, +self.became, self.late_by_ms, self.rows.rows, self.stage.dump()


def run(create: Callable[[Rows], Stage], batches: Iterable[Sequence[Record]]) -> Run:
    """A new stage's steps."""
    rows = DictRows()
    ran = Run(create(rows), rows)
    for batch in batches:
        ran.step(batch)
    return ran
