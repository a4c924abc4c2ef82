"""Laws of the transport that feeds the engine, without a broker."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import IllegalStateError
from faust.types import TP

from agents.batch import Batch
from agents.delivery import Delivery, Partition
from agents.stage import StageTask
from app.bootstrap import App, create_app
from app.reader import ConsumerThread, Paced
from app.settings import Settings
from app.transport import Consumer
from tests.agents.fake_kafka import FakeKafka, FakeWriter
from tests.agents.fakes import TOPIC, EchoStage, batch, in_loop, record, spec_of
from tests.models.fakes import Record

AT = TP(TOPIC, 0)


@dataclass
class FakeClient:
    """Kafka's client as the transport sees it: what was fetched, and where it stands.

    Attributes:
        position: Where it stands.
        fetched: Records that wait, and the position after them.
        lost: Partitions that are not assigned any more.
        sought: All seeks.
    """

    position: int = 0
    fetched: tuple[list[Record], int] | None = None
    lost: Collection[TopicPartition] = ()
    sought: dict[TopicPartition, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._closed = False
        self._fetcher = self
        assignment = SimpleNamespace(state_value=self._state)
        subscription = SimpleNamespace(assignment=assignment)
        self._subscription = SimpleNamespace(
            reassignment_in_progress=False, subscription=subscription
        )
        self.has_valid_position = True

    def _state(self, partition: TP) -> "FakeClient":
        return self

    @property
    def _records(self) -> dict[TP, object]:
        return {AT: object()} if self.fetched else {}

    async def fetched_records(self, partitions: object, timeout: float) -> dict[TP, Any]:  # noqa: ASYNC109 as aiokafka
        """Hand out what waits."""
        assert self.fetched is not None
        (records, self.position), self.fetched = self.fetched, None
        return {AT: records} if records else {}

    def _create_fetch_waiter(self) -> asyncio.Future[None]:
        return asyncio.get_running_loop().create_future()

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Seek, unless the partition is gone."""
        if partition in self.lost:
            raise IllegalStateError
        self.sought[partition] = offset


@asynccontextmanager
async def offline(path: Path) -> AsyncIterator[tuple[App, Consumer, ConsumerThread]]:
    """The application with its consumer, connected to nothing."""
    app = create_app(Settings(data_dir=path, broker="kafka://127.0.0.1:1"))
    consumer: Any = app.consumer
    yield app, consumer, consumer._thread


async def fetch(thread: ConsumerThread, client: FakeClient, seconds: float) -> list[Batch]:
    """What the thread hands to Faust of one partition."""
    thread.consumer.flow_active = True
    fetched = await thread._next_batches(client, {AT}, seconds)
    return fetched.get(AT, [])


def _want(app: Any, wanted: Callable[[], set[Partition]] = lambda: {(TOPIC, 0)}) -> None:
    """Let the engine want what is told."""
    app.engine.delivery = SimpleNamespace(wanted=wanted)


@in_loop
async def test_one_fetch_of_a_partition_is_one_batch_from_position_to_position(
    tmp_path: Path,
) -> None:
    """Control records before, between and behind its records lie within it."""
    # position  3         7
    # log       c 4 5 c c | c: control
    client = FakeClient(3, ([record(4), record(5)], 8))
    async with offline(tmp_path) as (app, consumer, thread):
        _want(app)
        [found] = await fetch(thread, client, 0)
        assert batch(3, 8, [4, 5]) == found
        message = consumer._to_message(AT, found)
        assert 3 == message.offset
        assert found is message.value  # type: ignore[comparison-overlap]  # a batch in its place


@in_loop
async def test_control_records_alone_are_an_empty_batch(tmp_path: Path) -> None:
    """The position moved: what expects the next record must hear of it."""
    async with offline(tmp_path) as (app, _, thread):
        _want(app)
        [found] = await fetch(thread, FakeClient(3, ([], 5)), 0)
        assert (3, 5, 0) == (found.begin, found.end, len(found.records))


@in_loop
async def test_a_full_partition_is_read_again_as_soon_as_it_is_not_full(tmp_path: Path) -> None:
    """Within some milliseconds, though nothing new comes to wake the reader."""
    looks = iter([set[Partition](), set[Partition](), {(TOPIC, 0)}])
    async with offline(tmp_path) as (app, _, thread):
        _want(app, lambda: next(looks))
        started = time.monotonic()
        found = await fetch(thread, FakeClient(0, ([record(0)], 1)), 30)
        assert ([batch(0, 1)], []) == (found, list(looks))
        assert time.monotonic() - started < 0.5


@in_loop
async def test_while_all_partitions_are_paused_the_reader_looks_every_few_milliseconds(
    tmp_path: Path,
) -> None:
    """Faust would sleep for a second, and so would the records behind it."""
    async with offline(tmp_path) as (_, consumer, _):
        consumer.flow_active = True
        consumer._active_partitions = set()
        started = time.monotonic()
        assert ({}, set()) == await consumer._wait_next_records(1.0)
        assert time.monotonic() - started < 0.5


@in_loop
async def test_committed_records_are_read_soon_and_in_few_fetches(tmp_path: Path) -> None:
    """Faust offers no setting for any of it, and waits 1500 ms."""
    async with offline(tmp_path) as (app, _, thread):
        client = thread._create_worker_consumer(app.transport)
        await client.stop()
    assert "read_committed" == client._isolation_level
    assert 50 <= client._fetch_max_wait_ms <= 100
    assert 1 == client._fetch_min_bytes


def test_fetches_of_a_broker_are_a_while_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is answered with the first record; another broker's does not wait for it."""
    now = 100.0
    monkeypatch.setattr("app.reader.time.monotonic", lambda: now)
    found: list[tuple[int, str]] = [(1, "fetch")]
    paced = Paced(lambda _: (found, {}, 0.2, False, []))
    asked = [paced(None)]
    now = 100.005
    found = [(1, "again"), (2, "fetch")]
    asked += [paced(None)]
    now = 100.021
    asked += [paced(None)]
    assert [[(1, "fetch")], [(2, "fetch")], [(1, "again")]] == [due for due, *_ in asked]
    assert [200, 15, 4] == [round(1_000 * seconds) for _, _, seconds, *_ in asked]


@in_loop
async def test_a_rebalance_is_heard_of_soon_and_stops_a_worker_for_nothing_more(
    tmp_path: Path,
) -> None:
    """A heartbeat tells of it; Faust's delay of recovery would stop everything for its length."""
    async with offline(tmp_path) as (app, _, thread):
        client = thread._create_worker_consumer(app.transport)
        await client.stop()
    assert client._heartbeat_interval_ms <= 300
    assert 0 == app.conf.stream_recovery_delay
    assert app.conf.topic_disable_leader


@in_loop
async def test_faust_acknowledges_and_commits_nothing(tmp_path: Path) -> None:
    """Its offsets could overwrite newer ones that a transaction committed."""
    async with offline(tmp_path) as (app, consumer, _):
        channels: list[Any] = [agent.channel for agent in app.agents.values()]
        assert {False} == {channel.acks for channel in channels}
        consumer._acked[AT] = [0]
        assert await consumer.commit() is False


@in_loop
async def test_a_rebalance_waits_for_no_batch_and_stops_no_task(tmp_path: Path) -> None:
    """Nor for dropped batches that something still refers to; tasks end when they are lost."""
    writer, stage = FakeWriter(FakeKafka()), EchoStage()
    async with offline(tmp_path) as (app, consumer, _):
        task = StageTask(spec_of(stage, table=None), 0, writer, app.engine)
        task.load(None, {TOPIC: (0, None)})
        app.engine.delivery = Delivery(consumer, {("echo", 0): task})
        message = consumer._to_message(AT, batch(0, 3))
        consumer.track_message(message)
        ending = asyncio.ensure_future(consumer.wait_empty())
        await asyncio.wait([ending], timeout=5)
        in_time = ending.done()
        consumer._unacked_messages.clear()  # what Faust's own would wait for
        assert in_time
        assert not writer.closed
        assert {("echo", 0): task} == app.engine.delivery.tasks


@in_loop
async def test_a_seek_passes_over_partitions_that_are_gone(tmp_path: Path) -> None:
    """A rebalance may come in between; the others are still to be sought."""
    client = FakeClient(lost=[TopicPartition("a", 0)])
    async with offline(tmp_path) as (_, _, thread):
        thread._consumer = client
        await thread._go_to({("a", 0): 1, ("b", 0): 2})
    assert {TopicPartition("b", 0): 2} == client.sought


@in_loop
async def test_the_consumer_begins_where_the_tasks_expect_to_go_on(tmp_path: Path) -> None:
    """Not at the group's offset, nor at what Faust believes to have read."""
    async with offline(tmp_path) as (app, consumer, thread):
        sought: dict[Partition, int] = {}

        async def go_to(positions: dict[Partition, int]) -> None:
            sought.update(positions)

        thread.go_to = go_to  # type: ignore[method-assign,assignment]
        task = StageTask(spec_of(EchoStage(), table=None), 0, FakeWriter(FakeKafka()), app.engine)
        task.load(None, {TOPIC: (7, None)})
        app.engine.delivery = Delivery(consumer, {("echo", 0): task})
        consumer._read_offset[AT] = 99
        assert consumer._read_offset[AT] is None
        await consumer.perform_seek()
        assert {(TOPIC, 0): 7} == sought
