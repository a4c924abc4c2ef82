"""What is asked of the application, and what it is given for it."""

from dataclasses import dataclass

#: Users there are for each click a second: one that is active clicks every so many seconds.
CLICK_PAUSE_S = 100.0


@dataclass(frozen=True, slots=True)
class Workload:
    """The traffic and the settings that its loads depend on.

    Attributes:
        clicks_s: Clicks a second.
        users: Users that these are of, evenly.
        purchases: Purchases for each click.
        window_ms: Length of a window.
        grace_ms: How long after its end a window still takes clicks; that of the join, too.
        within_ms: A click matches a purchase less than this later.
        retention_ms: How long a closed window stays readable.
        commit_interval_ms: Transactions of a task are about this far apart.
        watermark_interval_ms: Watermark records are at least this far apart.
        replication: Copies of each partition.
    """

    clicks_s: float
    users: float
    purchases: float = 0.025
    window_ms: int = 300_000
    grace_ms: int = 120_000
    within_ms: int = 3_600_000
    retention_ms: int = 86_400_000
    commit_interval_ms: int = 100
    watermark_interval_ms: int = 500
    replication: int = 3


@dataclass(frozen=True, slots=True)
class Design:
    """What the application does, and what it could do instead.

    Attributes:
        shared: The tasks of a worker share a transaction, instead of one for each.
        relayed: Input partitions tell their stream time to one partition, which tells the lowest
            to all: nobody else knows of input partitions.
    """

    shared: bool = False
    relayed: bool = False


@dataclass(frozen=True, slots=True)
class Deployment:
    """What does the work.

    Attributes:
        workers: Processes of one core each.
        inputs: Partitions of each input topic.
        partitions: Of inner topics, outputs and tables.
    """

    workers: int
    inputs: int
    partitions: int
