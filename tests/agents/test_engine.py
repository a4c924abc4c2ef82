"""Laws of the engine: fence first, then read; ask for a rebalance, or end the worker."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from aiokafka.errors import KafkaConnectionError, ProducerFenced

from agents import engine as module
from agents.delivery import Consumer, Partition
from agents.engine import Engine
from agents.gateway import KafkaGateway
from agents.stage import StageTask
from agents.takeover import Takeover
from tests.agents.fake_gateway import FakeGateway
from tests.agents.fake_kafka import FakeKafka, FakeWriter
from tests.agents.fakes import TOPIC, EchoStage, FakeConsumer, batch, eventually, in_loop, spec_of

AT = (TOPIC, 0)


class FakeTakeover(Takeover):
    """Loads tasks that have no table, and writes into Kafka's journal when."""

    def __init__(self, kafka: FakeKafka) -> None:
        self.kafka = kafka
        self.stores = {}

    async def load(
        self, tasks: Sequence[StageTask], standbys: set[Partition], consumer: Consumer
    ) -> None:
        """Begin every input at 0."""
        self.kafka.journal.append("load")
        for task in tasks:
            task.load(None, dict.fromkeys(task.spec.inputs, (0, None)))

    async def rest(self) -> None:
        """Say so."""
        self.kafka.journal.append("rest")

    def close(self) -> None:
        """Say so."""
        self.kafka.journal.append("close")


class BenchEngine(Engine):
    """An engine on a fake Kafka.

    Attributes:
        gateway: The way to the fake Kafka.
        kafka: The fake Kafka.
        crashed: Errors that ended the worker.
    """

    def __init__(self, path: Path, *names: str) -> None:
        self.gateway = FakeGateway(path, error=KafkaConnectionError("down"))
        self.kafka = self.gateway.kafka
        self.crashed: list[BaseException] = []
        self.told = FakeConsumer()

        async def crash(error: BaseException) -> None:
            self.crashed.append(error)

        super().__init__(
            app_id="x",
            partitions=4,
            inputs=[TOPIC],
            commit_interval_ms=0,
            topic=lambda short: f"x-{short}",
            changelog=lambda table: f"x-{table}-changelog",
            crash=crash,
            gateway=self.gateway,
        )
        self._takeover = FakeTakeover(self.kafka)
        self.connect(self.told)
        for name in names or ("one",):
            self.add(spec_of(EchoStage(), name, table=None))

    def writer(self, stage: str, partition: int) -> FakeWriter:
        """The last producer that was made for a stage and partition."""
        return self.gateway.writers[f"x-{stage}-{partition}"]


@in_loop
async def test_all_former_owners_are_fenced_before_anything_is_read(tmp_path: Path) -> None:
    """Else one of them commits behind the end that was read: its step would be done again."""
    engine = BenchEngine(tmp_path, "one", "two")
    await engine.assign([(TOPIC, 0), (TOPIC, 3), ("other", 1)], [])
    assert ["rest", *["fence"] * 4, "load"] == engine.kafka.journal
    assert {("one", 0), ("one", 3), ("two", 0), ("two", 3)} == set(engine.delivery.tasks)
    await engine.close()


@in_loop
async def test_each_assignment_fences_anew(tmp_path: Path) -> None:
    """Even what this worker keeps: another one may have had it in between."""
    engine = BenchEngine(tmp_path)
    await engine.assign([AT], [])
    first = engine.writer("one", 0)
    await engine.assign([AT], [])
    assert first.closed
    assert ["rest", "fence", "load"] * 2 == engine.kafka.journal
    await engine.close()


@in_loop
async def test_a_take_over_that_fails_leaves_no_task_and_no_producer(tmp_path: Path) -> None:
    """The attempt is repeated from the beginning."""
    engine = BenchEngine(tmp_path)
    engine.gateway.fault = "start"
    with pytest.raises(KafkaConnectionError):
        await engine.assign([AT], [])
    assert {} == engine.delivery.tasks
    assert engine.writer("one", 0).closed
    assert "load" not in engine.kafka.journal


@in_loop
async def test_at_rest_an_engine_takes_nothing(tmp_path: Path) -> None:
    """Batches that wait are dropped: their positions tell of them after the next assignment."""
    engine = BenchEngine(tmp_path)
    await engine.assign([AT], [])
    await engine.quiesce()
    await engine.delivery.deliver("one", batch(0, 3))
    assert ({}, {}) == (engine.delivery.tasks, engine.delivery.expected())
    assert [] == engine.kafka.transactions
    assert engine.writer("one", 0).closed


@pytest.mark.parametrize(
    "error", [ProducerFenced(), KafkaConnectionError(), ConnectionResetError()]
)
@in_loop
async def test_after_an_error_of_kafkas_the_group_is_asked_for_a_rebalance_until_it_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """Never re-initialised in place: who owns the partition is the coordinator's to say."""
    monkeypatch.setattr(module, "_REJOIN_SECONDS", 0.01)
    engine = BenchEngine(tmp_path)
    await engine.assign([AT], [])
    writer = engine.writer("one", 0)
    writer.fault, writer.error = "send", error
    await engine.delivery.deliver("one", batch(0, 3))
    assert set() == engine.delivery.full()
    await eventually(lambda: engine.told.rejoined > 2)
    assert {AT} == engine.delivery.full()
    assert engine.writer("one", 0) is writer
    await engine.assign([AT], [])
    await asyncio.sleep(0.05)
    asked = engine.told.rejoined
    await asyncio.sleep(0.05)
    assert (asked, []) == (engine.told.rejoined, engine.crashed)
    await engine.delivery.deliver("one", batch(0, 3))
    await eventually(lambda: engine.kafka.transactions)
    await engine.close()


@in_loop
async def test_any_other_error_ends_the_worker(tmp_path: Path) -> None:
    """A fault of the application would come again; a supervisor restarts, and a person reads."""
    engine = BenchEngine(tmp_path)
    await engine.assign([AT], [])
    writer = engine.writer("one", 0)
    writer.fault, writer.error = "send", ZeroDivisionError()
    await engine.delivery.deliver("one", batch(0, 3))
    await eventually(lambda: engine.crashed)
    assert ([writer.error], 0) == (engine.crashed, engine.told.rejoined)
    await engine.close()


@in_loop
async def test_stores_are_closed_when_all_tasks_have_ended(tmp_path: Path) -> None:
    """A task that still wrote would find its store closed."""
    engine = BenchEngine(tmp_path)
    await engine.assign([AT], [])
    await engine.close()
    assert engine.writer("one", 0).closed
    assert "close" == engine.kafka.journal[-1]


@in_loop
async def test_standbys_are_followed_no_more_before_a_task_may_write(tmp_path: Path) -> None:
    """A reader of the changelog would write old values over those of the new owner."""
    engine = BenchEngine(tmp_path)
    await engine.assign([AT], [])
    await engine.quiesce()
    assert "rest" == engine.kafka.journal[-1]


@in_loop
async def test_a_producer_is_named_by_application_stage_and_partition(tmp_path: Path) -> None:
    """So that whoever takes over fences exactly its former owner, however that one died."""
    engine = BenchEngine(tmp_path)
    await engine.assign([(TOPIC, 3)], [])
    assert ["x-one-3"] == list(engine.gateway.writers)
    writer = KafkaGateway("x", tmp_path, bootstrap_servers="127.0.0.1:1").writer("x-one-3")
    transactions = writer._producer._txn_manager
    assert "x-one-3" == transactions.transactional_id
    assert 30_000 <= transactions.transaction_timeout_ms <= 60_000
    await writer.close()
    await engine.close()
