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
        self.same = True

    async def same_inputs(self) -> bool:
        """As told."""
        return self.same

    async def load(
        self,
        tasks: Sequence[StageTask],
        kept: Sequence[StageTask],
        standbys: set[Partition],
        consumer: Consumer,
    ) -> int:
        """Begin every input at 0."""
        self.kafka.journal.append("load")
        for task in tasks:
            task.load(None, dict.fromkeys(task.spec.inputs, (0, None)))
        return 0

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
        takeover: Loads its tasks.
        generation: Of the group, at the last assignment.
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
        self.takeover = FakeTakeover(self.kafka)
        self._takeover = self.takeover
        self.generation = 0
        self.connect(self.told)
        for name in names or ("one",):
            self.add(spec_of(EchoStage(), name, table=None))

    async def assign(self, *actives: Partition, after: int = 2) -> dict[Partition, int]:
        """Take an assignment, so many generations after the last one; nothing is kept after two."""
        self.generation += after
        await self.rebalance(actives, [], self.generation)
        return await self.take_over()

    def writer(self, stage: str, partition: int) -> FakeWriter:
        """The last producer that was made for a stage and partition."""
        return self.gateway.writers[f"x-{stage}-{partition}"]


@in_loop
async def test_all_former_owners_are_fenced_before_anything_is_read(tmp_path: Path) -> None:
    """Else one of them commits behind the end that was read: its step would be done again."""
    engine = BenchEngine(tmp_path, "one", "two")
    await engine.assign((TOPIC, 0), (TOPIC, 3), ("other", 1))
    assert ["rest", *["fence"] * 4, "load"] == engine.kafka.journal
    assert {("one", 0), ("one", 3), ("two", 0), ("two", 3)} == set(engine.delivery.tasks)
    await engine.close()


@in_loop
async def test_a_task_goes_on_when_its_partition_stays_in_the_next_generation(
    tmp_path: Path,
) -> None:
    """Nobody can have had it in between. Only what is new is fenced, loaded and sought."""
    engine = BenchEngine(tmp_path)
    assert {AT: 0} == await engine.assign(AT)
    task = engine.delivery.tasks["one", 0]
    await engine.delivery.deliver("one", batch(0, 3))
    assert {(TOPIC, 1): 0} == await engine.assign(AT, (TOPIC, 1), after=1)
    assert task is engine.delivery.tasks["one", 0]
    assert ["fence", "fence"] == [word for word in engine.kafka.journal if word == "fence"]
    await engine.delivery.deliver("one", batch(3, 5))
    await eventually(lambda: engine.delivery.expected()[AT] == 5 and engine.kafka.transactions)
    assert not engine.writer("one", 0).closed
    await engine.close()


@in_loop
async def test_a_kept_task_works_while_others_are_taken_over(tmp_path: Path) -> None:
    """Restoring a table takes as long as it takes: that is no reason to stop."""
    engine = BenchEngine(tmp_path)
    await engine.assign(AT)
    assert await engine.rebalance([AT, (TOPIC, 1)], [], engine.generation + 1)
    assert {AT} == engine.delivery.wanted()
    await engine.delivery.deliver("one", batch(0, 3))
    await eventually(lambda: engine.kafka.transactions)
    await engine.take_over()
    assert {AT, (TOPIC, 1)} == engine.delivery.wanted()
    await engine.close()


@in_loop
async def test_a_partition_that_is_lost_is_given_up(tmp_path: Path) -> None:
    """Its transaction at hand is committed or not; its new owner has fenced it anyway."""
    engine = BenchEngine(tmp_path)
    await engine.assign(AT, (TOPIC, 1))
    await engine.assign((TOPIC, 1), after=1)
    assert engine.writer("one", 0).closed
    assert not engine.writer("one", 1).closed
    assert {("one", 1)} == set(engine.delivery.tasks)
    await engine.close()


@in_loop
async def test_a_task_is_waited_for_though_the_rebalance_that_ends_it_is_overtaken(
    tmp_path: Path,
) -> None:
    """Its transaction is under way: its store must stay open until the rows are written."""
    engine = BenchEngine(tmp_path)
    await engine.assign(AT)
    task, writer = engine.delivery.tasks["one", 0], engine.writer("one", 0)
    writer.fault = "hang"
    await engine.delivery.deliver("one", batch(0, 3))
    overtaken = asyncio.ensure_future(engine.rebalance([], [], engine.generation + 1))
    await asyncio.sleep(0.05)
    overtaken.cancel()
    await asyncio.wait([overtaken])
    assert task._loop is not None
    assert not task._loop.done()
    following = asyncio.ensure_future(engine.assign(after=2))
    await asyncio.sleep(0.05)
    assert not following.done()
    task._loop.cancel()
    await following
    assert writer.closed


@in_loop
async def test_after_a_missed_generation_all_is_fenced_anew(tmp_path: Path) -> None:
    """Even what this worker keeps: another one may have had it in between."""
    engine = BenchEngine(tmp_path)
    await engine.assign(AT)
    first = engine.writer("one", 0)
    await engine.assign(AT, after=2)
    assert first.closed
    assert ["rest", "fence", "load"] * 2 == engine.kafka.journal
    await engine.close()


@in_loop
async def test_an_attempt_that_is_repeated_keeps_what_the_first_one_kept(tmp_path: Path) -> None:
    """Kafka did not answer in between: the generation is the same."""
    engine = BenchEngine(tmp_path)
    await engine.assign(AT)
    await engine.assign(AT, after=1)
    assert {} == await engine.assign(AT, after=0)
    assert 1 == engine.kafka.journal.count("fence")
    await engine.close()


@in_loop
async def test_all_tasks_are_made_anew_when_an_input_has_more_partitions(tmp_path: Path) -> None:
    """Stream time is the minimum over all of them."""
    engine = BenchEngine(tmp_path)
    await engine.assign(AT)
    engine.takeover.same = False
    first = engine.writer("one", 0)
    await engine.assign(AT, after=1)
    assert first.closed
    assert not engine.writer("one", 0).closed
    await engine.close()


@in_loop
async def test_a_failed_task_is_made_anew_and_the_others_go_on(tmp_path: Path) -> None:
    """A fault in one stage is no reason to stop another."""
    engine = BenchEngine(tmp_path, "one", "two")
    await engine.assign(AT)
    failed, other = engine.writer("one", 0), engine.delivery.tasks["two", 0]
    failed.fault, failed.error = "send", ProducerFenced()
    await engine.delivery.deliver("one", batch(0, 3))
    await eventually(lambda: engine.delivery.tasks["one", 0].failed)
    await engine.assign(AT, after=1)
    assert other is engine.delivery.tasks["two", 0]
    assert engine.writer("one", 0) is not failed
    await engine.close()


@in_loop
async def test_a_take_over_that_fails_leaves_no_task_and_no_producer(tmp_path: Path) -> None:
    """The attempt is repeated from the beginning."""
    engine = BenchEngine(tmp_path)
    engine.gateway.fault = "start"
    with pytest.raises(KafkaConnectionError):
        await engine.assign(AT)
    assert {} == engine.delivery.tasks
    assert engine.writer("one", 0).closed
    assert "load" not in engine.kafka.journal


@in_loop
async def test_an_engine_that_is_closed_takes_nothing(tmp_path: Path) -> None:
    """Batches that wait are dropped: their positions tell of them after the next assignment."""
    engine = BenchEngine(tmp_path)
    await engine.assign(AT)
    await engine.close()
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
    await engine.assign(AT)
    writer = engine.writer("one", 0)
    writer.fault, writer.error = "send", error
    await engine.delivery.deliver("one", batch(0, 3))
    assert {AT} == engine.delivery.wanted()
    await eventually(lambda: engine.told.rejoined > 2)
    assert set() == engine.delivery.wanted()
    assert engine.writer("one", 0) is writer
    await engine.assign(AT)
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
    await engine.assign(AT)
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
    await engine.assign(AT)
    await engine.close()
    assert engine.writer("one", 0).closed
    assert "close" == engine.kafka.journal[-1]


@in_loop
async def test_standbys_are_followed_no_more_before_a_task_may_write(tmp_path: Path) -> None:
    """A reader of the changelog would write old values over those of the new owner."""
    engine = BenchEngine(tmp_path)
    await engine.assign(AT)
    assert engine.kafka.journal.index("rest") < engine.kafka.journal.index("load")
    await engine.close()


@in_loop
async def test_a_producer_is_named_by_application_stage_and_partition(tmp_path: Path) -> None:
    """So that whoever takes over fences exactly its former owner, however that one died."""
    engine = BenchEngine(tmp_path)
    await engine.assign((TOPIC, 3))
    assert ["x-one-3"] == list(engine.gateway.writers)
    writer = KafkaGateway("x", tmp_path, bootstrap_servers="127.0.0.1:1").writer("x-one-3")
    transactions = writer._producer._txn_manager
    assert "x-one-3" == transactions.transactional_id
    assert 30_000 <= transactions.transaction_timeout_ms <= 60_000
    await writer.close()
    await engine.close()
