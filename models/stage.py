"""What a stage is: a pure state machine over one partition.

A stage is given records in offset order and answers with a :class:`Step`: what to send, what to
change in its table, and what to remember. The engine makes each step one transaction, so a stage
knows nothing of Kafka, of crashes or of the clock.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, TypeAlias

from models.watermark import Headers

#: Rows that one step closes, resolves or deletes at most: bounds a transaction's size.
MAX_ROWS = 20_000


#: Records that a stage reads at a time: so few stay in the processor's cache.
CHUNK = 2_000


def chunks(records: Sequence["InputRecord"]) -> Iterator[Sequence["InputRecord"]]:
    """The records, CHUNK at a time."""
    for begin in range(0, len(records), CHUNK):
        yield records[begin : begin + CHUNK]


class InputRecord(Protocol):
    """A record as Kafka's client gives it."""

    @property
    def topic(self) -> str:
        """Full name of its topic."""

    @property
    def partition(self) -> int:
        """Its partition."""

    @property
    def offset(self) -> int:
        """Its place in the partition."""

    @property
    def timestamp(self) -> int:
        """Its Kafka timestamp in epoch ms; negative if it has none."""

    @property
    def key(self) -> bytes | None:
        """Its key."""

    @property
    def value(self) -> bytes | None:
        """Its value."""

    @property
    def headers(self) -> Headers:
        """Its headers."""


class Output(NamedTuple):
    """A record to send. Without a partition it goes to that of its key."""

    key: bytes | None
    value: bytes | None
    partition: int | None = None
    headers: Headers = ()


Changes: TypeAlias = dict[bytes, bytes | None]


@dataclass(slots=True)
class Step:
    """What follows from some input.

    Attributes:
        outputs: Records to send, by short topic name, in order.
        changes: Rows of the stage's table to write, or to delete (None).
        became: What became of the records given, dead letters apart: a name, and for how many.
        late_by_ms: What each late record lacked, in ms.
        more: There is more to do without further input; step again.
    """

    outputs: dict[str, list[Output]] = field(default_factory=dict)
    changes: Changes = field(default_factory=dict)
    became: dict[str, int] = field(default_factory=dict)
    late_by_ms: list[int] = field(default_factory=list)
    more: bool = False

    def send(self, topic: str, output: Output) -> None:
        """Add a record to send."""
        self.outputs.setdefault(topic, []).append(output)

    def count(self, became: str, records: int = 1) -> None:
        """Say what became of records."""
        self.became[became] = self.became.get(became, 0) + records

    def late(self, lacked_ms: int) -> None:
        """Say that a record was late, and by how much."""
        self.count("late")
        self.late_by_ms.append(lacked_ms)

    def revised(self, lacked_ms: int) -> None:
        """Say that a record was late, by how much, and revised what had been said."""
        self.count("revised")
        self.late_by_ms.append(lacked_ms)

    def __bool__(self) -> bool:
        return bool(self.outputs or self.changes)


class Rows(Protocol):
    """The committed rows of a stage's table in one partition."""

    def get_many(self, keys: Sequence[bytes]) -> Sequence[bytes | None]:
        """Values of the keys, in their order; None where there is no row."""

    def scan(
        self, lower: bytes, upper: bytes, limit: int | None = None
    ) -> list[tuple[bytes, bytes]]:
        """Rows with lower <= key < upper in key order, at most ``limit``."""


class Stage(Protocol):
    """One stage in one partition.

    A step changes the stage in memory; when its transaction fails the stage is thrown away and
    a new one is restored from what was committed.
    """

    @property
    def stream_time_ms(self) -> int:
        """How far event time has come, in epoch ms; ``NEVER_MS`` before anything was heard of."""

    def restore(self, state: bytes | None) -> None:
        """Go on from the last committed :meth:`dump`; None at the very first start."""

    def step(self, records: Sequence[InputRecord], now_ms: int, *, at_end: bool) -> Step:
        """Take records in offset order (of each topic), maybe none.

        Args:
            records: Records of any of the stage's input topics.
            now_ms: A monotonic clock, for the pacing of watermarks and for idleness only.
            at_end: The input was read to its end.
        """

    def urgent(self, records: Sequence[InputRecord]) -> bool:
        """Whether these may bring what readers of the outputs wait for.

        The others may wait a little, for a transaction that they share with what comes.
        """

    def dump(self) -> bytes:
        """What to remember: committed with the step's outputs and changes."""


def overlaid(
    rows: Rows, changes: Mapping[bytes, bytes | None], lower: bytes, upper: bytes, limit: int
) -> tuple[list[tuple[bytes, bytes]], bool]:
    """Scan committed rows with uncommitted changes laid over them.

    Args:
        rows: The committed rows.
        changes: Uncommitted changes; None deletes.
        lower: First key, inclusive.
        upper: Last key, exclusive.
        limit: Rows to give at most.

    Returns:
        The rows in key order, and whether there are more than the limit.
    """
    committed = rows.scan(lower, upper, limit + 1 + sum(v is None for v in changes.values()))
    merged: dict[bytes, bytes | None] = dict(committed)
    merged.update((k, v) for k, v in changes.items() if lower <= k < upper)
    found = [(k, v) for k, v in sorted(merged.items()) if v is not None]
    return found[:limit], len(found) > limit
