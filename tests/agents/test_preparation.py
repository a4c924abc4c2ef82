"""Laws of waiting for what a step needs: nothing is decided before, and nobody is held up."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import replace
from pathlib import Path

from agents.enrichment import learning
from models.formats import Registered, format_of
from models.stage import InputRecord
from models.wire import Format, Formats
from tests.agents.bench import on_bench, stateless
from tests.agents.fake_kafka import FakeKafka
from tests.agents.fakes import TOPIC, EchoStage, batch, eventually, in_loop
from tests.models.fakes import Record
from tests.models.wires import wired


class Gate:
    """Lets steps pass once it is open, or fails."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.asked: list[list[int]] = []
        self.error: Exception | None = None

    def prepare(self, records: Sequence[InputRecord]) -> Awaitable[None] | None:
        """What to wait for; nothing where there are no records."""
        if not records:
            return None
        self.asked.append([record.offset for record in records])
        return self._opened()

    async def _opened(self) -> None:
        await self.open.wait()
        if self.error is not None:
            raise self.error


@in_loop
async def test_records_are_stepped_once_what_they_need_is_there(tmp_path: Path) -> None:
    """Before that, nothing is decided or committed."""
    stage, gate, kafka = EchoStage(), Gate(), FakeKafka()
    spec = replace(stateless(stage), prepare=gate.prepare)
    async with on_bench(tmp_path, spec, stage=stage, kafka=kafka) as bench:
        bench.task.deliver(batch(0, 2))
        await eventually(lambda: bench.task.preparation)
        assert ([[0, 1]], []) == (gate.asked, kafka.transactions)
        assert {TOPIC: 0} == bench.task.positions
        assert [] == stage.offsets
        gate.open.set()
        await eventually(lambda: kafka.transactions)
        assert not bench.task.preparation
    assert [0, 1] == stage.offsets


@in_loop
async def test_a_task_that_waits_ends_at_once_and_leaves_its_records_to_the_next(
    tmp_path: Path,
) -> None:
    """A rebalance is not held up, and nothing was committed."""
    stage, gate, kafka = EchoStage(), Gate(), FakeKafka()
    spec = replace(stateless(stage), prepare=gate.prepare)
    async with on_bench(tmp_path, spec, stage=stage, kafka=kafka) as bench:
        bench.task.deliver(batch(0, 2))
        await eventually(lambda: bench.task.preparation)
        async with asyncio.timeout(1):
            await bench.task.stop(60)
        assert {TOPIC: 0} == bench.task.positions
    assert ([], []) == (kafka.transactions, bench.context.failures)


@in_loop
async def test_an_error_of_what_is_waited_for_is_one_of_the_task(tmp_path: Path) -> None:
    """As any other of a turn: nothing is committed, and the engine hears of it."""
    stage, gate = EchoStage(), Gate()
    gate.error = RuntimeError("a fault")
    gate.open.set()
    spec = replace(stateless(stage), prepare=gate.prepare)
    async with on_bench(tmp_path, spec, stage=stage) as bench:
        bench.task.deliver(batch(0, 2))
        await eventually(lambda: bench.task.failed)
    assert [gate.error] == bench.context.failures


class FakeSchemas:
    """Knows a schema as soon as it is asked for."""

    def __init__(self) -> None:
        self._known: dict[int, Format] = {}

    @property
    def formats(self) -> Formats:
        """Those asked for."""
        return self._known

    async def learn(self, ids: object) -> None:
        """Know them."""
        assert isinstance(ids, set)
        self._known |= {n: format_of(Registered(n, "JSON", "{}")) for n in ids}


@in_loop
async def test_the_registry_is_asked_only_for_schemas_that_are_not_known() -> None:
    """Plain records, and those of known schemas, wait for nothing."""
    schemas = FakeSchemas()
    prepare = learning(schemas)
    assert prepare([Record(value=b"{}"), Record()]) is None
    awaited = prepare([Record(value=wired(5, {}))])
    assert awaited is not None
    await awaited
    assert {5} == schemas.formats.keys()
    assert prepare([Record(value=wired(5, {}))]) is None
