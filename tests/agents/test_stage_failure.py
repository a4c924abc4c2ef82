"""Laws of failure: nothing of a step stays, and only a new fence tells what became of it."""

from pathlib import Path

import pytest
from aiokafka.errors import ProducerFenced

from tests.agents.bench import CHANGELOG, on_bench, stateless
from tests.agents.fake_kafka import FakeKafka
from tests.agents.fakes import TOPIC, EchoStage, batch, eventually, in_loop


@pytest.mark.parametrize("point", ["begin", "send", "answer"])
@in_loop
async def test_a_failed_step_writes_nothing_and_ends_the_task(tmp_path: Path, point: str) -> None:
    """Wherever it fails: even a commit whose answer is lost is left to the changelog."""
    async with on_bench(tmp_path) as bench:
        bench.task.deliver(batch(0, 1))
        await eventually(lambda: bench.rows)
        bench.writer.fault, bench.writer.error = point, ProducerFenced()
        bench.task.deliver(batch(1, 3))
        await eventually(lambda: bench.context.failures)
        assert [bench.writer.error] == bench.context.failures
        assert bench.task.failed
        assert bench.writer.discarded
        assert bench.store is not None
        assert ({b"k0": b"0"}, 1) == (bench.rows, bench.store.offset)


@in_loop
async def test_a_failed_task_takes_nothing_any_more(tmp_path: Path) -> None:
    """It is full, so that nothing is fetched for it, and seeks nowhere."""
    async with on_bench(tmp_path) as bench:
        bench.writer.fault = "send"
        bench.task.deliver(batch(0, 1))
        await eventually(lambda: bench.task.failed)
        assert bench.task.full
        assert bench.task.deliver(batch(1, 2)) is None
        assert bench.task.deliver(batch(7, 8)) is None
        assert 1 == bench.task.expected(TOPIC)
        assert [[0]] == [offsets for offsets, _ in bench.stage.steps]


@in_loop
async def test_a_failed_producer_is_given_up_once(tmp_path: Path) -> None:
    """Stopping the task later does not close it again: its transaction is still open."""
    async with on_bench(tmp_path) as bench:
        bench.writer.fault = "send"
        bench.task.deliver(batch(0, 1))
        await eventually(lambda: bench.task.failed)
        await bench.task.stop(1)
        assert not bench.writer.closed


@in_loop
async def test_a_fault_of_the_stage_ends_the_task_too(tmp_path: Path) -> None:
    """Going on would count what follows and never what failed."""

    class Broken(EchoStage):
        def dump(self) -> bytes:
            raise ZeroDivisionError

    async with on_bench(tmp_path, stage=Broken()) as bench:
        bench.task.deliver(batch(0, 1))
        await eventually(lambda: bench.context.failures)
        assert [ZeroDivisionError] == [type(error) for error in bench.context.failures]
        assert bench.writer.discarded
        assert [] == bench.kafka.transactions


@in_loop
async def test_after_a_lost_answer_the_changelog_alone_decides(tmp_path: Path) -> None:
    """Its owner restores the committed step and goes on behind it: no record twice."""
    kafka = FakeKafka()
    async with on_bench(tmp_path, kafka=kafka) as bench:
        bench.writer.fault = "answer"
        bench.task.deliver(batch(0, 2))
        await eventually(lambda: bench.task.failed)
        store = bench.store
        assert store is not None
        # What restoring does with the rest of the changelog.
        records = kafka.transactions[-1][CHANGELOG]
        store.write({r.key or b"": r.value for r in records}, len(records) - 1)
    again = EchoStage()
    async with on_bench(tmp_path, stage=again, kafka=kafka) as bench:
        bench.task.deliver(batch(0, 3))
        await eventually(lambda: again.offsets)
        assert [2] == again.offsets
        assert [b"0", b"1", b"2"] == sorted(o.value or b"" for o in kafka.sent("x-echo"))


@in_loop
async def test_a_failed_stateless_task_commits_no_offset(tmp_path: Path) -> None:
    """The next owner reads the records again."""
    stage = EchoStage()
    async with on_bench(tmp_path, stateless(stage), stage=stage) as bench:
        bench.writer.fault = "send"
        bench.task.deliver(batch(0, 2))
        await eventually(lambda: bench.task.failed)
    assert {} == bench.kafka.offsets
