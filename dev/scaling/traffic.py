"""What the loads of a model mean for Kafka, for disks and for those who wait."""

import math
from dataclasses import dataclass

from dev.scaling.model import Model

_OURS, _INPUTS = 9, 2
_US, _MB, _GB = 1e-6, 1e6, 1e9
_MIB = 2**20
#: Rows of open windows that a partition holds in memory at most, and bytes of each there.
_OPEN_ROWS, _OPEN_BYTES = 100_000, 200


@dataclass(frozen=True, slots=True)
class Traffic:
    """Kafka's part, memory, disks and times.

    Attributes:
        of: The loads.
    """

    of: Model

    # Bytes a second

    @property
    def record_bytes_s(self) -> float:
        """Bytes a second that records of people are: in inputs, inner topics, outputs, tables."""
        of, one, work = self.of, self.of.one, self.of.work
        clicks = one.click_bytes + one.enriched_bytes + one.join_row_bytes + one.tombstone_bytes
        bought = one.purchase_bytes + one.admitted_bytes + 4 * one.outcome_bytes
        final_s = of.window_users * 1000 / work.window_ms
        rows_s = of.changed_s + of.ranked_s
        return (
            work.clicks_s * (clicks + work.purchases * bought)
            + rows_s * one.count_row_bytes
            + final_s * (one.count_bytes + one.tombstone_bytes)
        )

    @property
    def state_bytes_s(self) -> float:
        """Bytes a second of the states that transactions of counting and joining carry."""
        one = self.of.one
        return sum(
            t.count * t.commits_s * (one.state_bytes + t.known * one.known_bytes)
            for t in (self.of.counting, self.of.joining)
        )

    @property
    def signal_bytes_s(self) -> float:
        """Bytes a second of marks, of batches' heads, of watermark records and group offsets."""
        of, one = self.of, self.of.one
        return (
            of.markers_s * (one.marker_bytes + one.batch_bytes)
            + of.watermarks_s * one.watermark_bytes
            + of.offsets_s * one.offset_bytes
        )

    @property
    def written_bytes_s(self) -> float:
        """Bytes a second that brokers take, copies included."""
        once = self.record_bytes_s + self.state_bytes_s + self.signal_bytes_s
        return once * self.of.work.replication

    @property
    def read_bytes_s(self) -> float:
        """Bytes a second that brokers give: to each other, and to the workers, once."""
        one, work = self.of.one, self.of.work
        copies = self.written_bytes_s * (work.replication - 1) / work.replication
        each = one.click_bytes + one.enriched_bytes
        each += work.purchases * (one.purchase_bytes + one.admitted_bytes)
        return copies + work.clicks_s * each + self.of.watermarks_s * one.watermark_bytes

    # Brokers

    @property
    def record_cores(self) -> float:
        """Cores of brokers that records take."""
        of, one = self.of, self.of.one
        each = one.broker_enrich_us + one.broker_count_us + one.broker_join_us
        spent = of.work.clicks_s * each + of.changed_s * one.broker_row_us
        return spent * _US * self._copies

    @property
    def commit_cores(self) -> float:
        """Cores of brokers that transactions take."""
        of, one = self.of, self.of.one
        spent = of.transactions_s * one.broker_commit_us + of.offsets_s * one.broker_offset_us
        return (spent + of.markers_s * one.broker_touch_us) * _US * self._copies

    @property
    def _copies(self) -> float:
        return 1 + (self.of.work.replication - 1) * self.of.one.replica_share

    @property
    def replicas(self) -> int:
        """Partitions of all topics, with their copies."""
        given = self.of.given
        return (_OURS * given.partitions + _INPUTS * given.inputs) * self.of.work.replication

    @property
    def brokers(self) -> int:
        """Brokers, by what there must be most for: cores, network, partitions."""
        one = self.of.one
        room = one.broker_cores * one.fill, one.broker_mb_s * one.fill * _MB, one.broker_partitions
        busiest = max(self.written_bytes_s, self.read_bytes_s)
        needed = self.record_cores + self.commit_cores, busiest, float(self.replicas)
        most = max(need / has for need, has in zip(needed, room, strict=True))
        return max(self.of.work.replication, math.ceil(most))

    @property
    def coordinator_cores(self) -> float:
        """Cores of the one broker that keeps the group's offsets."""
        return self.of.offsets_s * self.of.one.broker_offset_us * _US

    # The group

    @property
    def group_bytes(self) -> float:
        """Bytes of the group's record: all that its members sent and were assigned."""
        one, given = self.of.one, self.of.given
        each = one.member_bytes + given.partitions * one.member_partition_bytes
        return given.workers * (each + given.workers * one.member_worker_bytes)

    @property
    def assign_s(self) -> float:
        """Seconds in which the group's leader assigns the partitions, and does nothing else."""
        given = self.of.given
        return self.of.one.assign_us * given.partitions * given.workers * _US

    # State

    @property
    def disk_bytes(self) -> float:
        """Bytes in RocksDB, of all workers."""
        of, one = self.of, self.of.one
        return of.count_rows * one.count_disk_bytes + of.join_rows * one.join_disk_bytes

    @property
    def changelog_bytes(self) -> float:
        """Bytes of last values in changelogs, one copy, as after compaction."""
        of, one = self.of, self.of.one
        return of.count_rows * one.count_row_bytes + of.join_rows * one.join_row_bytes

    @property
    def restore_s(self) -> float:
        """Seconds until one partition is restored from nothing, alone on its core."""
        rows = (self.of.count_rows + self.of.join_rows) / self.of.given.partitions
        return rows / self.of.one.restore_rows_s

    @property
    def loss_s(self) -> float:
        """Seconds until the partitions of a lost worker are restored by those that are left."""
        given = self.of.given
        theirs = math.ceil(given.partitions / given.workers)
        return self.restore_s * math.ceil(theirs / max(given.workers - 1, 1))

    @property
    def rebalance_s(self) -> float:
        """Seconds that a moved partition stands still, where nothing must be restored."""
        given, one = self.of.given, self.of.one
        moved = math.ceil(self.of.producers / given.workers)
        return 0.3 + self.assign_s + moved * one.fence_ms / 1000

    @property
    def worker_bytes(self) -> float:
        """Memory of a worker."""
        of, one, given = self.of, self.of.one, self.of.given
        partitions = math.ceil(given.partitions / given.workers)
        open_rows = min(_OPEN_ROWS, 1.4 * of.window_users / given.partitions)
        fixed = one.worker_mib + one.cache_mib + partitions * one.partition_mib
        producers = of.producers / given.workers * one.producer_mib
        return (fixed + producers) * _MIB + partitions * open_rows * _OPEN_BYTES
