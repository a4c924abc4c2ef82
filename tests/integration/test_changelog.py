"""Laws of restoring stores from their changelogs, on a real Kafka."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiokafka import TopicPartition

from dev.kafka import Broker
from tables.changelog import follow, restore
from tables.store import PartitionStore
from tables.tombstones import TOMBSTONES_KEPT_MS
from tests.agents.fakes import eventually, in_loop
from tests.integration.logs import (
    committed,
    delete_topic,
    end_of,
    new_topic,
    outputs,
    send_and_leave_open,
    truncate,
    writer_of,
)

Rows = list[tuple[bytes, bytes | None]]
#: Seconds after which a restore is taken to hang.
_PATIENCE = 30


async def write(kafka: Broker, at: TopicPartition, *transactions: Rows) -> None:
    """Write transactions to a changelog, each followed by its control record."""
    async with writer_of(kafka.bootstrap, f"{at.topic}-{at.partition}") as writer:
        for rows in transactions:
            await writer.commit({(at.topic, at.partition): outputs(rows)}, {})


async def restored(kafka: Broker, at: TopicPartition, store: PartitionStore) -> int:
    """Restore one store; the number of records read."""
    async with asyncio.timeout(_PATIENCE):
        return await restore({at: store}, bootstrap_servers=kafka.bootstrap)


@asynccontextmanager
async def changelog(
    kafka: Broker, path: Path, *transactions: Rows
) -> AsyncIterator[tuple[TopicPartition, PartitionStore]]:
    """A changelog with these transactions, and an empty store."""
    at = TopicPartition(await new_topic(kafka.bootstrap, cleanup_policy="compact,delete"), 0)
    await write(kafka, at, *transactions)
    store = PartitionStore(path / "store")
    try:
        yield at, store
    finally:
        store.close()


async def count_of(kafka: Broker, topic: str) -> int:
    """How many committed records the topic's first partition has."""
    return len((await committed(kafka.bootstrap, topic))[0])


def rows_of(store: PartitionStore) -> dict[bytes, bytes]:
    """All rows."""
    return dict(store.scan(b"a", b"z"))


@in_loop
async def test_an_empty_changelog_is_restored_at_once(kafka: Broker, tmp_path: Path) -> None:
    """Its store stays empty, without an offset."""
    async with changelog(kafka, tmp_path) as (at, store):
        assert 0 == await restored(kafka, at, store)
        assert ({}, None) == (rows_of(store), store.offset)
    assert 0 == await restore({}, bootstrap_servers="nowhere:1")


@in_loop
async def test_restoring_ends_though_the_log_ends_in_control_records(
    kafka: Broker, tmp_path: Path
) -> None:
    """The offset before the log's end is no record's; waiting for one would last for ever."""
    first: Rows = [(b"a", b"1"), (b"b", b"1")]
    async with changelog(kafka, tmp_path, first, [(b"a", b"2"), (b"b", None)]) as (at, store):
        # 0 1 control 3 4 control
        assert 4 == await restored(kafka, at, store)
        assert ({b"a": b"2"}, 4) == (rows_of(store), store.offset)
        assert 6 == await end_of(kafka.bootstrap, at)


@in_loop
async def test_restoring_ends_though_the_log_ends_in_aborted_transactions(
    kafka: Broker, tmp_path: Path
) -> None:
    """A killed owner's last transaction is passed over: nothing of it is in the store."""
    async with changelog(kafka, tmp_path, [(b"a", b"1")]) as (at, store):
        for _ in range(3):
            async with writer_of(kafka.bootstrap, f"{at.topic}-0") as killed:
                await send_and_leave_open(killed, at, b"a")
                killed.discard()
                async with writer_of(kafka.bootstrap, f"{at.topic}-0"):
                    pass
        assert 1 == await restored(kafka, at, store)
        assert ({b"a": b"1"}, 0) == (rows_of(store), store.offset)
        assert 8 == await end_of(kafka.bootstrap, at)


@in_loop
async def test_restoring_ends_though_the_logs_tail_is_gone(kafka: Broker, tmp_path: Path) -> None:
    """Compacted or deleted away: the log begins at its end, or before a control record."""
    async with changelog(kafka, tmp_path, [(b"a", b"1")], [(b"b", b"1")]) as (at, store):
        await truncate(kafka.bootstrap, at, 3)
        assert (0, {}) == (await restored(kafka, at, store), rows_of(store))
        await truncate(kafka.bootstrap, at, 4)
        assert (0, {}) == (await restored(kafka, at, store), rows_of(store))


@in_loop
async def test_a_compacted_changelog_gives_the_same_rows(kafka: Broker, tmp_path: Path) -> None:
    """Of each key the last value, across the holes."""
    topic = await new_topic(
        kafka.bootstrap,
        cleanup_policy="compact",
        segment_ms="200",
        min_cleanable_dirty_ratio="0.001",
        max_compaction_lag_ms="1",
    )
    at, store = TopicPartition(topic, 0), PartitionStore(tmp_path)
    async with writer_of(kafka.bootstrap, topic) as writer:
        for n in range(4):
            rows: Rows = [(b"k%d" % k, b"%d" % n) for k in range(20)]
            await writer.commit({(topic, 0): outputs(rows)}, {})
            await asyncio.sleep(0.25)  # the next transaction begins a new segment
    async with asyncio.timeout(60):
        while await count_of(kafka, topic) > 40:  # noqa: ASYNC110 the broker tells nobody
            await asyncio.sleep(0.5)
    read = await restored(kafka, at, store)
    assert {b"k%d" % k: b"3" for k in range(20)} == rows_of(store)
    assert (True, 82) == (read <= 40, store.offset)
    store.close()


@in_loop
async def test_a_store_goes_on_behind_its_offset(kafka: Broker, tmp_path: Path) -> None:
    """Only what it lacks is read, also when it was closed in between."""
    async with changelog(kafka, tmp_path, [(b"a", b"1"), (b"b", b"1")]) as (at, store):
        assert 2 == await restored(kafka, at, store)
        assert 0 == await restored(kafka, at, store)
        await write(kafka, at, [(b"b", b"2")], [(b"c", b"3")])
        store.close()
        store.__init__(store.path)  # type: ignore[misc]  # the same object, opened again
        assert 2 == await restored(kafka, at, store)
        assert {b"a": b"1", b"b": b"2", b"c": b"3"} == rows_of(store)


@in_loop
async def test_a_store_that_lost_its_memory_is_restored_from_where_it_was(
    kafka: Broker, tmp_path: Path
) -> None:
    """A crash leaves what was written out; the changelog has the rest, deletions, too."""
    async with changelog(kafka, tmp_path, [(b"a", b"1"), (b"b", b"1")]) as (at, store):
        await restored(kafka, at, store)
        store._db.flush()
        await write(kafka, at, [(b"a", b"2"), (b"b", None)], [(b"c", b"3")])
        assert 3 == await restored(kafka, at, store)
        shutil.copytree(store.path, tmp_path / "crashed")
        crashed = PartitionStore(tmp_path / "crashed")
        assert ({b"a": b"1", b"b": b"1"}, 1) == (rows_of(crashed), crashed.offset)
        assert 3 == await restored(kafka, at, crashed)
        assert {b"a": b"2", b"c": b"3"} == rows_of(crashed) == rows_of(store)
        crashed.close()


@in_loop
async def test_a_fetch_that_begins_in_a_batch_passes_over_what_was_read(
    kafka: Broker, tmp_path: Path
) -> None:
    """Kafka gives whole batches: what the store has is neither written nor counted again."""
    async with changelog(kafka, tmp_path, [(b"k%d" % n, b"1") for n in range(9)]) as (at, store):
        store.write({b"k2": b"newer"}, 6)
        assert 2 == await restored(kafka, at, store)
        assert {b"k2": b"newer", b"k7": b"1", b"k8": b"1"} == rows_of(store)


@in_loop
async def test_a_store_ahead_of_its_changelog_is_built_anew(kafka: Broker, tmp_path: Path) -> None:
    """The topic was deleted and made again: nothing of the old one may stay."""
    old: list[Rows] = [[(b"old", b"%d" % n)] for n in range(3)]
    async with changelog(kafka, tmp_path, *old) as (at, store):
        await restored(kafka, at, store)
        assert 4 == store.offset
        await delete_topic(kafka.bootstrap, at.topic)
        await new_topic(kafka.bootstrap, at.topic)
        await write(kafka, at, [(b"new", b"1")])
        assert 1 == await restored(kafka, at, store)
        assert ({b"new": b"1"}, 0) == (rows_of(store), store.offset)


@in_loop
async def test_a_store_whose_changelog_begins_behind_it_is_built_anew(
    kafka: Broker, tmp_path: Path
) -> None:
    """What lies between may have held deletions."""
    transactions: list[Rows] = [[(b"k%d" % n, b"1")] for n in range(3)]
    async with changelog(kafka, tmp_path, *transactions) as (at, store):
        store.write({b"gone": b"1"}, 0)
        await truncate(kafka.bootstrap, at, 4)
        assert 1 == await restored(kafka, at, store)
        assert {b"k2": b"1"} == rows_of(store)


@in_loop
async def test_a_store_that_was_away_too_long_is_built_anew(kafka: Broker, tmp_path: Path) -> None:
    """The changelog forgets deletions after a day: a row deleted meanwhile would stay."""
    async with changelog(kafka, tmp_path, [(b"a", b"1")], [(b"b", b"1")]) as (at, store):
        store.write({b"a": b"1", b"deleted": b"1"}, 0)
        store.written_ms -= TOMBSTONES_KEPT_MS
        assert 2 == await restored(kafka, at, store)
        assert {b"a": b"1", b"b": b"1"} == rows_of(store)


@in_loop
async def test_partitions_are_restored_each_into_its_store(kafka: Broker, tmp_path: Path) -> None:
    """Together, as after an assignment; one of them empty, one more than a fetch long."""
    topic = await new_topic(kafka.bootstrap, partitions=3, max_message_bytes=str(4 << 20))
    stores = {TopicPartition(topic, p): PartitionStore(tmp_path / str(p)) for p in range(3)}
    await write(kafka, TopicPartition(topic, 0), [(b"a", b"0")])
    large: Rows = [(b"k%d" % n, bytes(900_000)) for n in range(8)]
    await write(kafka, TopicPartition(topic, 2), large)
    async with asyncio.timeout(_PATIENCE):
        assert 9 == await restore(stores, bootstrap_servers=kafka.bootstrap)
    assert [{b"a": b"0"}, {}, dict(large)] == [rows_of(store) for store in stores.values()]
    for store in stores.values():
        store.close()


@in_loop
async def test_a_standby_is_kept_warm(kafka: Broker, tmp_path: Path) -> None:
    """What is committed arrives, what is not does not; taking over then reads nothing."""
    async with changelog(kafka, tmp_path, [(b"a", b"1")]) as (at, store):
        following = asyncio.create_task(follow({at: store}, bootstrap_servers=kafka.bootstrap))
        await eventually(lambda: rows_of(store) == {b"a": b"1"})
        await write(kafka, at, [(b"b", b"2")])
        await eventually(lambda: rows_of(store) == {b"a": b"1", b"b": b"2"})
        async with writer_of(kafka.bootstrap, f"{at.topic}-0") as killed:
            await send_and_leave_open(killed, at, b"c")
            killed.discard()
            await write(kafka, at, [(b"a", None)])
        await eventually(lambda: rows_of(store) == {b"b": b"2"})
        following.cancel()
        with pytest.raises(asyncio.CancelledError):
            await following
        assert 0 == await restored(kafka, at, store)
