"""Snapshots of running workers, and workers that begin with them."""

import shutil
from hashlib import sha256
from pathlib import Path

from app.topics import TABLES
from tests.integration.auditing import until_at_rest
from tests.integration.commanding import said
from tests.integration.conftest import MakeCluster
from tests.integration.feeder import Feeder
from tests.integration.harness import Cluster, Worker
from tests.integration.recount import differences
from tests.integration.settling import settled
from tests.integration.shop import Shop


def digests(directory: Path) -> dict[str, str]:
    """All files below a directory, with their content."""
    files = (path for path in directory.rglob("*") if path.is_file())
    return {
        str(path.relative_to(directory)): sha256(path.read_bytes()).hexdigest() for path in files
    }


def wipe(worker: Worker) -> None:
    """Kill -9, and away with the disk."""
    worker.kill()
    shutil.rmtree(worker.directory)
    worker.log.unlink()


def logs(cluster: Cluster) -> str:
    """What all workers logged."""
    return "".join(worker.log.read_text() for worker in cluster.workers)


def test_wiped_workers_begin_with_a_snapshot_and_lose_and_double_nothing(
    make_cluster: MakeCluster, tmp_path: Path
) -> None:
    """Taken under load, from one of two workers; then both are killed and wiped.

    The snapshot is as it was, every number is right, and so is every row: verify reads the
    changelogs, to which the stages that began with it have written since.
    """
    directory = tmp_path / "snapshots"
    directory.mkdir()
    cluster = make_cluster(SNAPSHOT=str(directory))
    workers = [cluster.worker(), cluster.worker()]
    with Feeder(cluster, Shop(5, cluster.partitions)):
        for worker in workers:
            worker.until_ready()
        taken = take(cluster, directory)
    before = digests(directory)
    for worker in workers:
        wipe(worker)
    for worker in workers:
        worker.start()
    expected, found = settled(cluster)
    assert {} == differences(expected, found)
    assert before == digests(directory)
    assert [] == [path for path in taken if f"begins with the snapshot {path}" not in logs(cluster)]
    until_at_rest(cluster)


def take(cluster: Cluster, directory: Path) -> list[str]:
    """Take a snapshot of every partition, once each holds something; their directories."""
    url = f"http://127.0.0.1:{cluster.workers[0].port}"
    every = [(table, partition) for table in TABLES for partition in range(cluster.partitions)]
    while True:
        taken = said(cluster, "snapshot", str(directory), "--url", url)
        assert every == [(one["table"], one["partition"]) for one in taken]
        if all(one["path"] for one in taken):
            return [one["path"] for one in taken]
