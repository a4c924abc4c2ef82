"""The shape of ``/status``: of one worker's part and of the whole cluster alike.

Times are ISO-8601 in UTC; None where nothing is known.
"""

from enum import StrEnum

from msgspec import Struct, field

#: Latest examples of each kind, and windows, that are shown.
EXAMPLES, WINDOWS = 20, 24


class State(StrEnum):
    """How a worker or a task is; of several, the last here is the worst."""

    WORKING = "working"
    RECOVERING = "recovering"
    REBALANCING = "rebalancing"
    WAITING = "waiting"
    """Kafka does not answer."""
    UNREACHABLE = "unreachable"
    FAILED = "failed"
    STALLED = "stalled"


def worst(states: list[State]) -> State:
    """The worst of some states."""
    order = list(State)
    return max(states, key=order.index, default=State.WORKING)


class Rules(Struct, rename="camel"):
    """The settings that a reader of the numbers needs."""

    partitions: int
    window_size_seconds: float
    grace_seconds: float
    retention_seconds: float
    join_within_seconds: float
    attribution: str
    late_policy: str


class Rebalance(Struct, rename="camel"):
    """The last rebalance that gave a worker partitions: when, how long, records restored."""

    at: str
    seconds: float
    restored: int


class Worker(Struct, rename="camel"):
    """A worker: its tasks' partitions by stage, its standbys' by table."""

    url: str
    asked: bool
    state: State
    started_at: str | None = None
    version: str | None = None
    partitions: dict[str, list[int]] = field(default_factory=dict)
    standbys: dict[str, list[int]] = field(default_factory=dict)
    rebalances: int = 0
    last_rebalance: Rebalance | None = None
    memory_bytes: int | None = None
    cpu_seconds: float | None = None
    error: str | None = None


class Stage(Struct, rename="camel"):
    """A stage in one partition: how far it is, how fast, and its ledger."""

    stage: str
    partition: int
    worker: str
    state: State
    stream_time: str | None
    lag: int | None
    records_per_second: float
    commit_ms: float | None
    read: int
    became: dict[str, int]
    sent: dict[str, int]
    lost: int
    balanced: bool
    state_bytes: int | None


class Place(Struct, order=True, frozen=True):
    """A stage and partition."""

    stage: str
    partition: int


class Window(Struct, rename="camel"):
    """A window: open until stream time reaches its end, closing until the grace is over too."""

    window_start: str
    window_end: str
    closes_at: str
    state: str
    clicks: int
    users: int
    late: int


class Late(Struct, rename="camel"):
    """A late record."""

    at: str
    stage: str
    late_by: float
    user_id: str
    timestamp: str
    source_record: str


class DeadLetter(Struct, rename="camel"):
    """A dead letter."""

    at: str
    code: str
    message: str
    source: str


class Conversion(Struct, rename="camel"):
    """A conversion."""

    at: str
    id: str
    user_id: str
    product_id: str
    click_timestamp: str
    purchase_timestamp: str
    time_to_purchase: float


class Histogram(Struct, rename="camel"):
    """How many values were at most each bound (s) and over the one before; the last are more."""

    bounds_seconds: list[float]
    counts: list[int]


class Health(Struct):
    """Whether a worker is well."""

    state: State
    problems: list[str]
    lag: int | None


class Status(Struct, rename="camel"):
    """How a worker or the cluster is. ``rates`` are per second, the mean of the last ten."""

    at: str
    app_id: str
    version: str
    settings: Rules
    state: State
    problems: list[str]
    stream_time: str | None
    event_time_lag_seconds: float | None
    lag: int | None
    rates: dict[str, float]
    totals: dict[str, int]
    balanced: bool
    workers: list[Worker]
    stages: list[Stage]
    missing: list[Place]
    windows: list[Window]
    late: list[Late]
    dead_letters: list[DeadLetter]
    conversions: list[Conversion]
    time_to_purchase: Histogram
