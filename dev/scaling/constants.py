"""The constants of the model: what each is, in which unit, and which command measured it.

Most are processor time on the machine of docs/performance.md, busy with other things besides, and
means of two to five runs: half or twice is as near as they are. What is named "assumed" nobody
measured.
"""

from dataclasses import dataclass, field, fields

_STAGES = "`python -m dev.scaling.measuring stages`"
_TRANSACTIONS = "`python -m dev.scaling.measuring transactions`"
_STATES = "`python -m dev.scaling.measuring states`"
_GROUPS = "`python -m dev.scaling.measuring groups`"
_PRODUCERS = "`python -m dev.scaling.measuring producers`"
_STORE = "tables/store.py"
_PERFORMANCE = "docs/performance.md"
_FORMAT = "Kafka's record format"
_DEFAULT = "Kafka's default"
_ADVICE = "KIP-578's recommendation"
_ASSUMED = "assumed"


def _constant(value: float, unit: str, what: str, source: str) -> float:
    told: float = field(default=value, metadata={"unit": unit, "what": what, "source": source})
    return told


@dataclass(frozen=True, slots=True)
class Constants:
    """What one of each thing costs; see the fields' own words."""

    enrich_us: float = _constant(8.3, "µs", "worker: enrich a click", _STAGES)
    count_us: float = _constant(6.1, "µs", "worker: count and rank a click", _STAGES)
    row_us: float = _constant(4.7, "µs", "worker: change a count's row, and close it", _STAGES)
    join_us: float = _constant(12.5, "µs", "worker: keep a click for the join", _STAGES)
    hash_us: float = _constant(
        5.0, "µs", "worker: partition of a user beyond 262,144", _PERFORMANCE
    )
    broker_enrich_us: float = _constant(8.4, "µs", "broker: enrichment of a click", _STAGES)
    broker_count_us: float = _constant(3.3, "µs", "broker: counting of a click", _STAGES)
    broker_row_us: float = _constant(
        3.7, "µs", "broker: a count's row, changed and closed", _STAGES
    )
    broker_join_us: float = _constant(7.0, "µs", "broker: a click for the join", _STAGES)
    commit_us: float = _constant(900.0, "µs", "worker: a transaction", _TRANSACTIONS)
    touch_us: float = _constant(90.0, "µs", "worker: each partition it writes to", _TRANSACTIONS)
    broker_commit_us: float = _constant(1_500.0, "µs", "broker: a transaction", _TRANSACTIONS)
    broker_touch_us: float = _constant(
        110.0, "µs", "broker: each partition it writes to, its marker included", _TRANSACTIONS
    )
    broker_offset_us: float = _constant(
        450.0, "µs", "broker: a group offset in a transaction", _TRANSACTIONS
    )
    commit_ms: float = _constant(25.0, "ms", "a transaction, from begin to end", _TRANSACTIONS)
    replica_share: float = _constant(
        0.5, "", "broker: a further copy, of what the first costs", _ASSUMED
    )
    watermark_us: float = _constant(1.3, "µs", "worker: hear a watermark record", _STATES)
    known_us: float = _constant(
        1.3, "µs", "worker: each known input partition, in every step with a table", _STATES
    )
    state_bytes: float = _constant(430.0, "B", "state of a step, its envelope included", _STATES)
    known_bytes: float = _constant(27.0, "B", "of it for each known input partition", _STATES)
    click_bytes: float = _constant(235.0, "B", "a click", _STAGES)
    purchase_bytes: float = _constant(377.0, "B", "a purchase", _STAGES)
    enriched_bytes: float = _constant(290.0, "B", "an enriched click", _STAGES)
    admitted_bytes: float = _constant(233.0, "B", "an admitted purchase", _STAGES)
    count_bytes: float = _constant(130.0, "B", "a final count", _STAGES)
    outcome_bytes: float = _constant(400.0, "B", "what comes of a purchase", _STAGES)
    count_row_bytes: float = _constant(62.0, "B", "a count's row in the changelog", _STAGES)
    join_row_bytes: float = _constant(143.0, "B", "a click's row in the changelog", _STAGES)
    tombstone_bytes: float = _constant(26.0, "B", "a deleted row in the changelog", _FORMAT)
    watermark_bytes: float = _constant(78.0, "B", "a watermark record", _FORMAT)
    batch_bytes: float = _constant(61.0, "B", "what a batch of records begins with", _FORMAT)
    marker_bytes: float = _constant(78.0, "B", "mark of a transaction in a partition", _FORMAT)
    offset_bytes: float = _constant(262.0, "B", "a group offset with its metadata", _FORMAT)
    count_disk_bytes: float = _constant(20.0, "B", "a count's row in RocksDB", _STAGES)
    join_disk_bytes: float = _constant(31.0, "B", "a click's row in RocksDB", _STAGES)
    restore_rows_s: float = _constant(
        1_125_280.0, "1/s", "rows restored a CPU second", _PERFORMANCE
    )
    worker_mib: float = _constant(160.0, "MiB", "a worker without partitions, about", _STAGES)
    cache_mib: float = _constant(128.0, "MiB", "its block cache", _STORE)
    partition_mib: float = _constant(
        32.0, "MiB", "two memtables of two tables, for each partition", _STORE
    )
    producer_mib: float = _constant(0.035, "MiB", "a producer", _PRODUCERS)
    fence_ms: float = _constant(10.5, "ms", "to fence a former owner", _PRODUCERS)
    ranked: float = _constant(1_000.0, "", "products, and pages, that are ranked", _STAGES)
    member_bytes: float = _constant(750.0, "B", "a member's part of the group's record", _GROUPS)
    member_partition_bytes: float = _constant(29.2, "B", "of it for each partition", _GROUPS)
    member_worker_bytes: float = _constant(233.0, "B", "of it for each worker", _GROUPS)
    assign_us: float = _constant(
        15.0, "µs", "leader: each partition and worker of an assignment", _GROUPS
    )
    group_record_bytes: float = _constant(
        1_048_588.0, "B", "a group's record at most: message.max.bytes", _DEFAULT
    )
    broker_partitions: float = _constant(4_000.0, "", "replicas of a broker at most", _ADVICE)
    cluster_partitions: float = _constant(200_000.0, "", "replicas of a cluster at most", _ADVICE)
    broker_mb_s: float = _constant(
        1_250.0, "MB/s", "network of a broker, each way: 10 Gbit/s", _ASSUMED
    )
    broker_cores: float = _constant(8.0, "cores", "of a broker", _ASSUMED)
    fill: float = _constant(0.6, "", "of a core, at most, in the mean: the rest is peaks", _ASSUMED)


def told() -> list[tuple[str, str, str]]:
    """Every constant: what it is, its value with its unit, its source."""
    given = Constants()
    return [
        (
            f.metadata["what"],
            f"{getattr(given, f.name):,.10g} {f.metadata['unit']}",
            f.metadata["source"],
        )
        for f in fields(Constants)
    ]
