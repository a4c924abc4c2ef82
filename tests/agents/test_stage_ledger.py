"""Laws of the ledger in the exactly-once loop: it stands or falls with the step."""

from collections.abc import Sequence
from pathlib import Path

from models.errors import LedgerBroken
from models.ledger import Ledger
from models.stage import InputRecord, Step
from tests.agents.bench import note_in, on_bench, stateless
from tests.agents.fake_kafka import FakeKafka
from tests.agents.fakes import TOPIC, EchoStage, batch, eventually, in_loop


class Forgetful(EchoStage):
    """Says nothing of what became of the last record."""

    def step(self, records: Sequence[InputRecord], now_ms: int, *, at_end: bool) -> Step:
        """Echo, and count one too few."""
        step = super().step(records, now_ms, at_end=at_end)
        step.became["echoed"] -= bool(records)
        return step


@in_loop
async def test_the_ledger_is_committed_with_the_step_and_gone_on_from(tmp_path: Path) -> None:
    """With a table: in its changelog. Three records, then two more by the next owner."""
    async with on_bench(tmp_path) as first:
        first.task.deliver(batch(0, 3))
        await eventually(lambda: first.rows)
        assert Ledger(3, {"echoed": 3}, {"echo": 3}) == first.envelope.ledger
    async with on_bench(tmp_path) as second:
        second.task.deliver(batch(3, 5))
        await eventually(lambda: second.kafka.transactions)
        assert Ledger(5, {"echoed": 5}, {"echo": 5}) == second.envelope.ledger


@in_loop
async def test_a_stage_without_a_table_keeps_its_ledger_with_the_offset(tmp_path: Path) -> None:
    """As the offset's metadata."""
    stage, kafka = EchoStage(), FakeKafka()
    async with on_bench(tmp_path, stateless(stage), stage=stage, kafka=kafka) as bench:
        bench.task.deliver(batch(0, 3))
        await eventually(lambda: kafka.transactions)
    offset, metadata = kafka.offsets[TOPIC, 0]
    assert Ledger(3, {"echoed": 3}, {"echo": 3}) == note_in(metadata).ledger
    again = EchoStage()
    starts = {TOPIC: (offset, metadata.encode())}
    async with on_bench(tmp_path, stateless(again), stage=again, starts=starts) as bench:
        bench.task.deliver(batch(3, 4))
        await eventually(lambda: bench.kafka.transactions)
        assert 4 == note_in(bench.kafka.offsets[TOPIC, 0][1]).ledger.read


@in_loop
async def test_a_broken_sum_is_never_committed(tmp_path: Path) -> None:
    """The worker ends with it: a fault of the application."""
    async with on_bench(tmp_path, stage=Forgetful()) as bench:
        bench.task.deliver(batch(0, 2))
        await eventually(lambda: bench.context.failures)
        assert [LedgerBroken] == [type(error) for error in bench.context.failures]
        assert [] == bench.kafka.transactions
        assert {} == bench.rows


@in_loop
async def test_what_retention_took_is_in_the_ledger(tmp_path: Path) -> None:
    """Offsets that were never read, told to whoever asks later."""
    async with on_bench(tmp_path) as bench:
        bench.task.advance(TOPIC, 7)
        bench.task.deliver(batch(7, 9))
        await eventually(lambda: bench.kafka.transactions)
        assert Ledger(2, {"echoed": 2}, {"echo": 2}, lost=7) == bench.envelope.ledger
