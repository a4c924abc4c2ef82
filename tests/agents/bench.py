"""A task on a bench: real loop and real store, between a fake Kafka and an echoing stage."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from agents.spec import Envelope, Note, StageSpec
from agents.stage import StageTask
from tables.store import PartitionStore
from tests.agents.fake_kafka import FakeKafka, FakeWriter
from tests.agents.fakes import (
    EchoStage,
    FakeContext,
    WatchedStore,
    spec_of,
)

CHANGELOG = ("x-rows-changelog", 0)


@dataclass
class Bench:
    """A task, and what surrounds it."""

    task: StageTask
    stage: EchoStage
    kafka: FakeKafka
    writer: FakeWriter
    context: FakeContext
    store: PartitionStore | None

    @property
    def rows(self) -> dict[bytes, bytes]:
        """Rows of the local store, those of the stage only."""
        assert self.store is not None
        return dict(self.store.scan(b"k", b"l"))

    @property
    def envelope(self) -> Envelope:
        """What the changelog has of the state, last."""
        return envelope_in(self.kafka.transactions[-1][CHANGELOG][-1].value)


def envelope_in(value: bytes | None) -> Envelope:
    """What a stage committed."""
    assert value is not None
    return msgspec.json.decode(value, type=Envelope)


def note_in(metadata: str) -> Note:
    """What a stage without a table committed."""
    return msgspec.json.decode(metadata, type=Note)


@asynccontextmanager
async def on_bench(  # noqa: PLR0913 all but the path have a default
    path: Path,
    spec: StageSpec | None = None,
    *,
    stage: EchoStage | None = None,
    context: FakeContext | None = None,
    kafka: FakeKafka | None = None,
    starts: Mapping[str, tuple[int, bytes | None]] | None = None,
) -> AsyncIterator[Bench]:
    """Start a task on what is committed, and end it."""
    stage, context, kafka = stage or EchoStage(), context or FakeContext(), kafka or FakeKafka()
    spec = spec or spec_of(stage)
    writer = FakeWriter(kafka)
    store = WatchedStore(path, kafka.journal) if spec.table else None
    task = StageTask(spec, 0, writer, context)
    await task.fence()
    task.load(store, starts or dict.fromkeys(spec.inputs, (0, None)))
    task.start()
    try:
        yield Bench(task, stage, kafka, writer, context, store)
    finally:
        await task.stop(1)
        if store is not None:
            store.close()


def stateless(stage: EchoStage, tick_ms: int | None = None) -> StageSpec:
    """A stage without a table."""
    return spec_of(stage, table=None, tick_ms=tick_ms)
