"""What the checks look at: gathered once, changed by nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Clock:
    """A broker's clock beside this machine's.

    Attributes:
        node: The broker's number.
        ahead_ms: How far it is ahead; negative: behind.
        within_ms: How far that may be wrong.
    """

    node: int
    ahead_ms: float
    within_ms: float


@dataclass(frozen=True, slots=True)
class Transactions:
    """What a transaction of our own came to.

    Attributes:
        seconds: How long it took to open, commit and abort one.
        fault: Why that failed; None if it did not.
        clocks: The clocks of the brokers that lead the topic it wrote to.
    """

    seconds: float
    fault: str | None = None
    clocks: tuple[Clock, ...] = ()


@dataclass(frozen=True, slots=True)
class Brokers:
    """The Kafka cluster.

    Attributes:
        address: Where it was asked for.
        fault: Why it does not answer; None if it does.
        count: Brokers that are up.
        apis: Highest version of each API, by its number in Kafka's protocol.
        config: One broker's configuration; empty where that may not be read.
    """

    address: str
    fault: str | None = None
    count: int = 0
    apis: Mapping[int, int] = field(default_factory=dict)
    config: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as it is.

    Attributes:
        name: Its full name.
        partitions: How many it has; 0 where there is no such topic.
        replicas: The fewest replicas of a partition.
        in_sync: The fewest replicas of a partition that are in sync.
        leaderless: Partitions that nobody leads.
        config: Its configuration.
    """

    name: str
    partitions: int
    replicas: int = 1
    in_sync: int = 1
    leaderless: int = 0
    config: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reading:
    """How far a stage has read a partition.

    Attributes:
        stage: The stage's name.
        topic: What it reads, the full name.
        partition: The partition.
        position: The next offset; None where nothing was committed.
        start: The first offset that retention left.
        end: The end of what is committed.
        aging: The next record is older than half of the topic's retention.
    """

    stage: str
    topic: str
    partition: int
    position: int | None
    start: int
    end: int
    aging: bool = False

    @property
    def lag(self) -> int:
        """Records (and control records) still to be read."""
        return max(0, self.end - max(self.start, self.position or 0))

    @property
    def lost(self) -> int:
        """Offsets that retention deleted before they were read."""
        return 0 if self.position is None else max(0, self.start - self.position)


@dataclass(frozen=True, slots=True)
class Group:
    """The consumer group.

    Attributes:
        name: Its name.
        state: As the broker says: Stable, Empty, Dead ...
        members: How many workers are in it.
    """

    name: str
    state: str
    members: int


@dataclass(frozen=True, slots=True)
class OpenTransaction:
    """A partition whose committed end did not move while a transaction stood open in it."""

    topic: str
    partition: int
    records: int


@dataclass(frozen=True, slots=True)
class Flow:
    """What is in Kafka of the application.

    Attributes:
        topic_faults: Sentences of the check that a worker makes at start.
        topics: The topics.
        group: The consumer group.
        readings: How far each stage has read each partition.
        open: Transactions that stand open.
        watched_s: For how long they were watched, in seconds.
        transactions: What one of our own came to; None: not tried.
        tables_begun: Partitions of tables in which something was committed.
    """

    topic_faults: tuple[str, ...]
    topics: tuple[Topic, ...]
    group: Group
    readings: tuple[Reading, ...]
    open: tuple[OpenTransaction, ...]
    watched_s: float
    transactions: Transactions | None
    tables_begun: int


@dataclass(frozen=True, slots=True)
class Disk:
    """The data directory.

    Attributes:
        directory: Its path.
        fault: Why it can't be written; None if it can.
        free: Bytes free.
        used: Bytes of the stores in it.
        locked: A worker has it.
    """

    directory: str
    fault: str | None
    free: int
    used: int
    locked: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """What a worker's ``/health`` said.

    Attributes:
        url: The worker's address.
        asked: Named by whoever ran the command; else it is only where a worker would be.
        status: Of HTTP; None if nobody listens there.
        fault: Why there is no answer.
        problems: What the worker says of itself.
        ours: It answered as a worker of this application does.
    """

    url: str
    asked: bool
    status: int | None
    fault: str = ""
    problems: tuple[str, ...] = ()
    ours: bool = False


@dataclass(frozen=True, slots=True)
class Registry:
    """The schema registry.

    Attributes:
        url: Where it was asked for.
        fault: What it does not do, and what to do; empty where it answers as one does.
    """

    url: str
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Package:
    """A package that the application needs.

    Attributes:
        name: Its name.
        wanted: The versions that are known to work.
        installed: The version that is there; None: it is missing.
        fits: Whether it is one of those.
    """

    name: str
    wanted: str
    installed: str | None
    fits: bool
