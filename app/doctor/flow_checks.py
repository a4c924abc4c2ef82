"""Checks of the consumer group, and of how far the stages have read: facts in, findings out."""

from collections.abc import Iterator, Mapping, Sequence

from app.doctor.facts import Group, Reading
from app.doctor.findings import Finding, odd, well, wrong
from app.settings import Settings

GROUP = "group"
LAG = "lag"

#: States in which a group works, or soon will.
_WORKING = "Stable"
_CHANGING = {"PreparingRebalance", "CompletingRebalance", "Assigning", "Reconciling"}
#: Stages that remember nothing but the group's offsets.
INTAKE = ("enrichment", "admission")
_MINUTES_A_DAY = 1440
#: How long a broker keeps offsets of an empty group, unless it says otherwise.
_RETENTION_MINUTES = "10080"


def of_group(
    settings: Settings,
    group: Group,
    readings: Sequence[Reading],
    tables_begun: int,
    config: Mapping[str, str | None],
) -> Iterator[Finding]:
    """Whether workers run, and whether their offsets are safe without them."""
    known = any(r.position is not None for r in readings if r.stage in INTAKE)
    minutes = int(config.get("offsets.retention.minutes") or _RETENTION_MINUTES)
    if group.state == _WORKING:
        yield well(GROUP, f"The group {group.name} is stable: {_workers(group.members)}.")
    elif group.state in _CHANGING:
        yield odd(
            GROUP,
            f"The group {group.name} is rebalancing: {_workers(group.members)}.",
            "Run this again in some seconds; if it goes on, read the workers' logs.",
        )
    else:
        yield odd(
            GROUP, f"No worker is in the group {group.name}.", "Start one: faust -A app worker"
        )
    if tables_begun and not known:
        yield wrong(
            GROUP,
            f"The group {group.name} has no offsets, and its tables have rows: the offsets have "
            "expired or were deleted, and the inputs would be read from their start once more.",
            "Begin anew under another CLICKSTREAM_APP_ID and CLICKSTREAM_TOPIC_PREFIX, or set the "
            "group's offsets to where it was (kafka-consumer-groups.sh --reset-offsets).",
        )
    elif known and not group.members:
        yield odd(
            GROUP,
            f"The broker forgets the offsets of a group {minutes / _MINUTES_A_DAY:.1f} days after "
            "its last worker left.",
            "Start a worker before that, or raise the broker's offsets.retention.minutes.",
        )
    if 0 < group.members <= settings.standby_replicas:
        yield odd(
            GROUP,
            f"CLICKSTREAM_STANDBY_REPLICAS is {settings.standby_replicas}, and there are "
            f"{_workers(group.members)}: nobody is left to keep that many copies.",
            "Start more workers, or lower it.",
        )


def _workers(count: int) -> str:
    return f"{count} worker" if count == 1 else f"{count} workers"


def of_readings(readings: Sequence[Reading]) -> Iterator[Finding]:
    """What is still to be read, and what was deleted or soon will be before it is."""
    for reading in readings:
        at = f"{reading.topic}-{reading.partition}"
        if reading.lost:
            yield wrong(
                LAG,
                f"{reading.stage} has read {at} to offset {reading.position:,}, and retention "
                f"deleted what is before {reading.start:,}: {reading.lost:,} offsets are lost.",
                f"Raise retention.ms of {reading.topic}; faust -A app ledger shows what was lost.",
            )
        elif reading.aging:
            yield odd(
                LAG,
                f"{reading.stage} lags {reading.lag:,} records in {at}, the oldest of them half as "
                "old as the topic's retention.ms: it may be deleted before it is read.",
                f"Start more workers, or raise retention.ms of {reading.topic} for the time.",
            )
    for stage in dict.fromkeys(reading.stage for reading in readings):
        lags = {(r.topic, r.partition): r.lag for r in readings if r.stage == stage}
        (topic, partition), most = max(lags.items(), key=lambda item: item[1])
        where = f", {most:,} of them in {topic}-{partition}" if most else ""
        yield well(LAG, f"{stage} lags {sum(lags.values()):,} records{where}.")
