"""Nothing is lost and nothing is doubled, whatever is done to workers and broker under load."""

import random
import shutil
import signal
import time
from pathlib import Path

from dev.kafka import LocalKafka
from tests.integration.conftest import MakeCluster
from tests.integration.feeder import Feeder
from tests.integration.recount import differences
from tests.integration.settling import settled
from tests.integration.shop import Shop


def test_workers_killed_at_any_point_lose_and_double_nothing(make_cluster: MakeCluster) -> None:
    """Seven kill -9 of two workers under load, three of them with the data directory wiped."""
    chance = random.Random(11)
    cluster = make_cluster()
    workers = [cluster.worker(), cluster.worker()]
    with Feeder(cluster, Shop(1, cluster.partitions)):
        for kill in range(7):
            worker = workers[kill % 2]
            worker.until_ready()
            time.sleep(0.5 + 1.5 * chance.random())
            worker.kill()
            if kill % 2:
                shutil.rmtree(worker.directory)
            worker.log.unlink()
            worker.start()
    expected, found = settled(cluster)
    assert {} == differences(expected, found)


def test_workers_that_come_and_go_in_order_lose_and_double_nothing(
    make_cluster: MakeCluster,
) -> None:
    """A third worker joins under load; then each is stopped and started, one after the other."""
    cluster = make_cluster(STANDBY_REPLICAS="1")
    workers = [cluster.worker(), cluster.worker()]
    with Feeder(cluster, Shop(2, cluster.partitions)):
        for worker in workers:
            worker.until_ready()
        workers.append(cluster.worker())
        workers[-1].until_ready()
        for worker in workers:
            time.sleep(1)
            worker.stop()
            worker.log.unlink()
            worker.start()
            worker.until_ready()
    expected, found = settled(cluster)
    assert {} == differences(expected, found)


def test_zombie_that_wakes_after_its_session_loses_and_doubles_nothing(
    make_cluster: MakeCluster,
) -> None:
    """Stopped for longer than its session, its partitions taken over, then awake again."""
    cluster = make_cluster()
    zombie, other = cluster.worker(), cluster.worker()
    with Feeder(cluster, Shop(3, cluster.partitions)):
        for worker in (zombie, other):
            worker.until_ready()
        for _ in range(2):
            time.sleep(1.3)
            before = other.ready_count()
            zombie.signal(signal.SIGSTOP)
            other.until_ready(before + 1)
            time.sleep(1)
            zombie.signal(signal.SIGCONT)
            time.sleep(2)
    expected, found = settled(cluster)
    assert {} == differences(expected, found)


def test_broker_killed_and_restarted_loses_and_doubles_nothing(
    make_cluster: MakeCluster, tmp_path: Path
) -> None:
    """Kill -9 of the broker under load, twice; workers wait, and go on."""
    with LocalKafka(tmp_path / "kafka") as kafka:
        cluster = make_cluster(kafka.bootstrap)
        workers = [cluster.worker(), cluster.worker()]
        shop = Shop(4, cluster.partitions)
        for worker in workers:
            worker.until_ready()
        for _ in range(2):
            cluster.produce(shop.events(4_000))
            time.sleep(0.4)
            kafka.kill()
            time.sleep(2)
            kafka.restart()
        cluster.produce([*shop.events(1_000), *shop.last()])
        expected, found = settled(cluster)
        assert {} == differences(expected, found)
        cluster.kill()
