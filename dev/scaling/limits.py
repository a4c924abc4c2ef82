"""What does not grow with more machines, and at how many clicks a second each breaks."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from dev.scaling.model import Model
from dev.scaling.sizing import Sizer, first, need
from dev.scaling.traffic import Traffic
from dev.scaling.workload import CLICK_PAUSE_S, Workload

#: Where breaking points are looked for, in clicks a second.
LOW, _HIGH = 1e5, 1e8
#: Seconds that the group's leader may be away: the default of CLICKSTREAM_SESSION_TIMEOUT.
_SESSION_S = 10.0
#: Seconds that a partition may stand still for its restoring, before somebody wants a standby.
_PATIENCE_S = 60.0
_US = 1e-6


@dataclass(frozen=True, slots=True)
class Limit:
    """Something that breaks.

    Attributes:
        what: What breaks.
        used: How much of it a deployment takes: over 1 it breaks.
        remedy: What to do then, and what that costs.
    """

    what: str
    used: Callable[[Model], float]
    remedy: str

    def breaks_at(self, sizer: Sizer, like: Workload) -> float | None:
        """Clicks a second at which it breaks, all else sized for them; None: not up to 10^8.

        The lowest that is looked at is 10^5.
        """
        return first(lambda clicks_s: self.used(sizer.sized(at(like, clicks_s))) > 1, LOW, _HIGH)


def at(like: Workload, clicks_s: float) -> Workload:
    """The same traffic at another rate, of as many more users."""
    return replace(like, clicks_s=clicks_s, users=like.users * clicks_s / like.clicks_s)


def default(clicks_s: float) -> Workload:
    """So many clicks a second, all else the defaults."""
    return Workload(clicks_s, clicks_s * CLICK_PAUSE_S)


def hot_user(model: Model) -> float:
    """The part of all clicks that one user may make: one partition's, and one core's at most."""
    one = model.one
    return min(1.0, one.fill / (one.join_us * _US) / model.work.clicks_s)


LIMITS = (
    Limit(
        "A partition without a standby is restored for more than a minute",
        lambda m: Traffic(m).restore_s / _PATIENCE_S,
        "`STANDBY_REPLICAS=1` (twice the disks); a shorter `RETENTION`; more partitions",
    ),
    Limit(
        "Brokers spend more on transactions than on records",
        lambda m: Traffic(m).commit_cores / Traffic(m).record_cores,
        "`COMMIT_INTERVAL=1s`: a second more latency",
    ),
    Limit(
        "The group's record is over 1 MiB: no worker gets an assignment",
        lambda m: Traffic(m).group_bytes / m.one.group_record_bytes,
        "`max.message.bytes` of `__consumer_offsets` raised to 16 MiB (tried); then clusters",
    ),
    Limit(
        "The group's coordinator needs more than a core for offsets",
        lambda m: Traffic(m).coordinator_cores,
        "`COMMIT_INTERVAL=1s`; one transaction a worker",
    ),
    Limit(
        "Workers spend more on transactions and stream time than on clicks",
        lambda m: (m.commit_cores + m.time_cores) / m.click_cores,
        "`COMMIT_INTERVAL=1s`",
    ),
    Limit(
        "No number of partitions up to 1,024 is enough for tasks and workers",
        need,
        "several clusters, split by user",
    ),
    Limit(
        "The leader assigns for longer than the session lasts, and is put out",
        lambda m: Traffic(m).assign_s / _SESSION_S,
        "a longer `SESSION_TIMEOUT`: a dead worker is noticed later; several clusters",
    ),
    Limit(
        "More watermark records than clicks",
        lambda m: m.watermarks_s / m.work.clicks_s,
        "a longer `WATERMARK_INTERVAL` (windows still close at once); fewer input partitions",
    ),
    Limit(
        "More bytes of states than of records",
        lambda m: Traffic(m).state_bytes_s / Traffic(m).record_bytes_s,
        "S relayed by one partition: a hop more, and a partition that all wait for",
    ),
    Limit(
        "More replicas than a Kafka cluster should have",
        lambda m: Traffic(m).replicas / m.one.cluster_partitions,
        "several clusters",
    ),
)
