"""Restoring a table's partitions from their changelog into empty stores.

``python -m bench.restoring <host:port> <topic> <partitions> <directory>`` is the process that
does it.
"""

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from bench.cores import pinned
from bench.report import Row
from bench.setup import CountingRun
from bench.topics import partitions_of
from bench.worker import BenchError
from dev.kafka.jars import ROOT
from models.windows import row_key
from tables.changelog import restore
from tables.store import PartitionStore

_SECONDS = 600.0


def measure(run: CountingRun) -> Row:
    """Restore what a run of the counting stage left in its changelog, and check it.

    Raises:
        BenchError: The restored rows are not the counts.
    """
    topic, partitions = run.changelog[0].topic, str(run.settings.partitions)
    directory = str(run.setup.directory / f"{run.name}-restored")
    command = [sys.executable, "-m", "bench.restoring", run.setup.bootstrap]
    with pinned(run.setup.cores.worker):
        done = subprocess.run(
            [*command, topic, partitions, directory],
            cwd=ROOT,
            check=True,
            stdout=subprocess.PIPE,
            timeout=_SECONDS,
        )
    found = json.loads(done.stdout)
    expected = {"rows": len(run.clicks.expected), "clicks": run.clicks.expected.total()}
    if {name: found[name] for name in expected} != expected:
        raise BenchError(f"The restored table must have {expected}; got {found}.")
    guarantee = "complete"
    return Row(
        "Restore, changelog to RocksDB",
        found["records"],
        found["seconds"],
        found["cpu_s"],
        guarantee,
    )


async def _restore(bootstrap: str, topic: str, partitions: int, directory: Path) -> dict[str, Any]:
    began_s, began_cpu_s = time.monotonic(), time.process_time()
    stores = {
        tp: PartitionStore(directory / str(tp.partition)) for tp in partitions_of(topic, partitions)
    }
    records = await restore(stores, bootstrap_servers=bootstrap)
    seconds, cpu_s = time.monotonic() - began_s, time.process_time() - began_cpu_s
    counts = [
        int(value)
        for store in stores.values()
        for _, value in store.scan(row_key(0, b""), row_key((1 << 63) - 1, b""))
    ]
    for store in stores.values():
        store.close()
    return {
        "records": records,
        "seconds": seconds,
        "cpu_s": cpu_s,
        "rows": len(counts),
        "clicks": sum(counts),
    }


def main(bootstrap: str, topic: str, partitions: str, directory: str) -> None:
    """Restore and print what was done, as JSON."""
    print(json.dumps(asyncio.run(_restore(bootstrap, topic, int(partitions), Path(directory)))))


if __name__ == "__main__":
    main(*sys.argv[1:])
