"""Rules of the engine that only whole workers can break; docs/engine.md has the list."""

import asyncio
import json
import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition

from tests.integration.conftest import MakeCluster
from tests.integration.harness import Cluster, Event, until
from tests.integration.logs import end_of, group_offset, truncate


def click(number: int, partition: int = 0) -> Event:
    """A click whose page is its number."""
    value = {"userId": "u", "timestamp": 1_700_000_000_000 + number, "page": f"{number}"}
    return Event("clicks", partition, json.dumps(value).encode())


def pages(cluster: Cluster) -> list[int]:
    """Numbers of the clicks that were enriched."""
    records = cluster.read("enriched-clicks")["enriched-clicks"]
    return sorted(int(json.loads(r.value)["page"]) for r in records if r.value is not None)


def until_pages(cluster: Cluster, expected: Sequence[int]) -> None:
    """Wait until at least these clicks are enriched."""
    until(lambda: set(expected) <= set(pages(cluster)), f"{expected} to be enriched")


async def abort(cluster: Cluster, events: Sequence[Event]) -> None:
    """Write events in a transaction that is aborted."""
    producer = AIOKafkaProducer(
        bootstrap_servers=cluster.bootstrap, transactional_id=cluster.topic("shop")
    )
    await producer.start()
    try:
        await producer.begin_transaction()
        for e in events:
            await producer.send_and_wait(cluster.topic(e.topic), e.value, partition=e.partition)
        await producer.abort_transaction()
    finally:
        await producer.stop()


@contextmanager
def trickle(cluster: Cluster, first: int) -> Iterator[None]:
    """Clicks that never rest: some ten a second, numbered upwards."""
    enough = threading.Event()

    def feed() -> None:
        number = first
        while not enough.wait(0.05):
            cluster.produce([click(number)])
            number += 1

    thread = threading.Thread(target=feed)
    thread.start()
    try:
        yield
    finally:
        enough.set()
        thread.join()


def test_records_of_aborted_transactions_are_not_there(make_cluster: MakeCluster) -> None:
    """Rule 1: a shop that writes in transactions may take some of them back."""
    cluster = make_cluster()
    cluster.produce([click(1)])
    asyncio.run(abort(cluster, [click(2), click(3)]))
    cluster.produce([click(4)])
    cluster.worker()
    until_pages(cluster, [4])
    assert [1, 4] == pages(cluster)


def test_a_worker_goes_on_where_retention_left_the_log_though_traffic_does_not_rest(
    make_cluster: MakeCluster,
) -> None:
    """Rule 4: no later batch closes that gap; the reconciler says what is lost and goes on."""
    cluster = make_cluster()
    worker = cluster.worker()
    cluster.produce(click(n) for n in range(10))
    until_pages(cluster, range(10))
    worker.stop()
    cluster.produce(click(n) for n in range(10, 20))
    at = TopicPartition(cluster.topic("clicks"), 0)
    asyncio.run(truncate(cluster.bootstrap, at, 15))
    with trickle(cluster, 20):
        worker.start()
        until_pages(cluster, range(15, 25))
    assert [*range(10), *range(15, 20)] == [n for n in pages(cluster) if n < 20]
    assert f"{at.topic}-0 lost the offsets 10 to 14 to retention" in worker.log.read_text()


def test_the_groups_offsets_are_those_of_the_transactions(
    make_cluster: MakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rules 5 and 9: each with its stage's state, whatever Faust would commit every 1.5 s."""
    monkeypatch.setenv("BROKER_COMMIT_INTERVAL", "1.5")
    cluster = make_cluster(COMMIT_INTERVAL="10ms", WATERMARK_INTERVAL="20ms")
    worker = cluster.worker()
    worker.until_ready()
    for n in range(16):
        cluster.produce([click(n)])
    until_pages(cluster, range(16))
    threading.Event().wait(3.5)
    worker.stop()
    at = TopicPartition(cluster.topic("clicks"), 0)
    offset, metadata = asyncio.run(group_offset(cluster.bootstrap, cluster.settings["APP_ID"], at))
    assert asyncio.run(end_of(cluster.bootstrap, at)) == offset
    assert metadata


def test_a_table_that_cannot_be_restored_ends_the_worker(
    make_cluster: MakeCluster, tmp_path: Path
) -> None:
    """Rule 7: going on without it would count from nothing."""
    cluster = make_cluster()
    worker = cluster.worker()
    worker.until_ready()
    worker.stop()
    [store] = worker.directory.glob("*/click-counts/0")
    shutil.rmtree(store)
    store.write_text("in the way")
    worker.start()
    assert 0 != worker.wait()
    assert 1 == worker.ready_count()
    assert "The data directory must be writable" in worker.log.read_text()


def test_a_store_that_is_damaged_is_built_anew(make_cluster: MakeCluster) -> None:
    """The changelog has all rows: nobody has to find out which directory to delete."""
    cluster = make_cluster()
    worker = cluster.worker()
    worker.until_ready()
    worker.stop()
    [broken] = worker.directory.glob("*/click-counts/0/CURRENT")
    broken.write_text("nonsense")
    worker.start()
    worker.until_ready(2)
    assert "must be whole; they are not" in worker.log.read_text()
