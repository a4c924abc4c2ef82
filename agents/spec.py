"""How a stage is wired, and what its tasks need of the world."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias

import msgspec

from models.ledger import Ledger
from models.stage import InputRecord, Rows, Stage, Step
from models.wire import Formats

if TYPE_CHECKING:
    from agents.stage import StageTask


#: Gives what is to be awaited before records can be stepped; None if all is at hand.
Prepare: TypeAlias = Callable[[Sequence[InputRecord]], Awaitable[None] | None]


@dataclass(frozen=True, slots=True)
class StageSpec:
    """How a stage is wired.

    Attributes:
        name: The stage's name; part of its transactional ids.
        inputs: Full names of the topics that it reads, co-partitioned.
        offsets_of: The input whose group offset it commits.
        table: Name of its table, or None for a stage that keeps its state in the offset's metadata.
        create: Makes the pure stage of a partition over its table's rows.
        tick_ms: How often it is stepped without input; None: never.
        prepare: What is to be done before its records are stepped; None: nothing ever.
    """

    name: str
    inputs: tuple[str, ...]
    offsets_of: str
    table: str | None
    create: Callable[[int, Rows], Stage]
    tick_ms: int | None = None
    prepare: Prepare | None = None


class Schemas(Protocol):
    """What is known of the schema registry's schemas."""

    @property
    def formats(self) -> Formats:
        """The formats known; one that is known stays as it is."""

    async def learn(self, ids: Collection[int]) -> None:
        """Ask the registry for schemas, for as long as it takes.

        Afterwards the formats have all of them but those that it does not know.
        """


class Envelope(msgspec.Struct):
    """What a stage with a table commits with every step, as JSON.

    Attributes:
        lineage: Drawn when the table was begun, and kept since: a local store with another one is
            not of this changelog.
        positions: The next offset of each input topic.
        ledger: What became of the records before these positions.
        stage: What the stage remembers.
    """

    lineage: str
    positions: dict[str, int]
    ledger: Ledger
    stage: msgspec.Raw


class Note(msgspec.Struct):
    """What a stage without a table commits as the metadata of its group offset, as JSON.

    Attributes:
        ledger: What became of the records before the offset.
        stage: What the stage remembers.
    """

    ledger: Ledger
    stage: msgspec.Raw


class Seconds(NamedTuple):
    """How long the parts of a step took, in seconds: deciding it, and committing it."""

    step: float
    commit: float


class Observer(Protocol):
    """Hears what the stages of a worker do; it must be quick, and raise nothing."""

    def committed(
        self, task: "StageTask", records: Sequence[InputRecord], step: Step, seconds: Seconds
    ) -> None:
        """A step was committed.

        Args:
            task: Whose step.
            records: The records that it was given.
            step: What followed from them.
            seconds: How long it took.
        """

    def rebalanced(self, kept: int, taken: int, restored: int, seconds: float) -> None:
        """An assignment was taken over.

        Args:
            kept: Tasks that went on.
            taken: Tasks that were made.
            restored: Changelog records read for them.
            seconds: How long those waited.
        """

    def failed(self, task: "StageTask", error: BaseException) -> None:
        """A task is over: nothing of its step was committed."""


class Context(Protocol):
    """What a task needs of the world around it."""

    commit_interval_ms: int
    partitions: int

    @property
    def observers(self) -> Sequence[Observer]:
        """Who hears what the task does."""

    def topic(self, short: str) -> str:
        """Full name of an output topic."""

    def changelog(self, table: str) -> str:
        """Full name of a table's changelog topic."""

    def end_of(self, topic: str, partition: int) -> int | None:
        """The log's end as last heard of, or None."""

    def on_failure(self, task: "StageTask", error: BaseException) -> None:
        """Hear that a task is over."""


class NoRows:
    """The rows of a stage without a table."""

    def get_many(self, keys: Sequence[bytes]) -> Sequence[bytes | None]:
        """Nothing, for each key."""
        return [None for _ in keys]

    def scan(
        self, lower: bytes, upper: bytes, limit: int | None = None
    ) -> list[tuple[bytes, bytes]]:
        """Nothing."""
        return []
