"""One way of restoring a table, as a process of its own: ``python -m bench.snapshot_run JOB``.

JOB is a :class:`Job` in JSON; what was done is printed as :class:`Done`, in JSON too.
"""

import asyncio
import sys
import time
import zlib
from collections.abc import Mapping
from pathlib import Path

import msgspec
from aiokafka import TopicPartition

from agents.gateway import KafkaGateway
from agents.snapshots import Snapshots
from bench.topics import partitions_of
from models.windows import ROW
from tables.changelog import Stores
from tables.snapshot import Manifest, keep
from tables.store import PartitionStore

TABLE = "click-counts"
#: Rows compared at a time.
_SLICE = 100_000


class Job(msgspec.Struct):
    """What to do.

    Attributes:
        bootstrap: Where Kafka is.
        changelog: The changelog topic.
        partitions: How many it has.
        directory: Where the stores go; nothing is there yet.
        snapshots: Where snapshots are.
        begin: Begin with them.
        take: Take them in the end.
    """

    bootstrap: str
    changelog: str
    partitions: int
    directory: str
    snapshots: str
    begin: bool = False
    take: bool = False


class Done(msgspec.Struct):
    """What was done.

    Attributes:
        records: Changelog records that were read.
        seconds: How long restoring took.
        cpu_s: Its processor seconds.
        rows: How many there are now.
        sum: Of all rows and their keys.
        take_seconds: How long it took to take the snapshots.
        stood_seconds: The longest that a partition stood still for it.
        taken_bytes: Bytes of the snapshots.
    """

    records: int
    seconds: float
    cpu_s: float
    rows: int = 0
    sum: int = 0
    take_seconds: float = 0.0
    stood_seconds: float = 0.0
    taken_bytes: int = 0


def main() -> None:
    """Do it, and print what was done."""
    print(
        msgspec.json.encode(asyncio.run(_do(msgspec.json.decode(sys.argv[1], type=Job)))).decode()
    )


async def _do(job: Job) -> Done:
    snapshots = Snapshots(Path(job.snapshots), {TABLE: _any_rules}) if job.begin else None
    gateway = KafkaGateway("none", Path(job.directory), snapshots, bootstrap_servers=job.bootstrap)
    began_s, began_cpu_s = time.monotonic(), time.process_time()
    at = partitions_of(job.changelog, job.partitions)
    stores = {tp: gateway.store(TABLE, tp.partition) for tp in at}
    await gateway.begin(stores)
    records = await gateway.restore(stores)
    done = Done(records, time.monotonic() - began_s, time.process_time() - began_cpu_s)
    for store in stores.values():
        rows, total = _summed(store)
        done.rows, done.sum = done.rows + rows, done.sum ^ total
    if job.take:
        _take(done, stores, Path(job.snapshots))
    for store in stores.values():
        store.close()
    return done


def _any_rules(state: bytes) -> None:
    """The rows are made up."""


def _summed(store: PartitionStore) -> tuple[int, int]:
    """How many rows a store has, and a sum of them."""
    rows, total, lower = 0, 0, ROW
    while found := store.scan(lower, ROW + b"\xff", _SLICE):
        for key, value in found:
            total = zlib.crc32(value, zlib.crc32(key, total))
        rows, lower = rows + len(found), found[-1][0] + b"\0"
    return rows, total


def _take(done: Done, stores: Stores | Mapping[TopicPartition, PartitionStore], to: Path) -> None:
    began_s = time.monotonic()
    for at, store in stores.items():
        stand_s, files = time.monotonic(), store.beside()
        store.checkpoint(files)
        done.stood_seconds = max(done.stood_seconds, time.monotonic() - stand_s)
        manifest = Manifest(
            table=TABLE,
            changelog=at.topic,
            partition=at.partition,
            offset=store.offset or 0,
            written_ms=store.written_ms,
            taken_ms=time.time_ns() // 1_000_000,
            state=msgspec.Raw(store.state() or b""),
        )
        done.taken_bytes += keep(to, files, manifest).manifest.bytes
    done.take_seconds = time.monotonic() - began_s


if __name__ == "__main__":
    main()
