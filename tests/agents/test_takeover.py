"""Laws of taking over: what is open, and where each input begins."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from agents.spec import Envelope
from agents.stage import StageTask
from agents.takeover import Takeover
from models.ledger import Ledger
from tables.changelog import Stores
from tables.store import STATE_KEY, PartitionStore
from tests.agents.fake_gateway import FakeGateway
from tests.agents.fake_kafka import FakeKafka, FakeWriter
from tests.agents.fakes import (
    TOPIC,
    EchoStage,
    FakeConsumer,
    FakeContext,
    eventually,
    in_loop,
    spec_of,
)


def takeover_of(path: Path, **offsets: tuple[int, str]) -> Takeover:
    """One that finds these offsets of the group."""
    committed = {(topic, 0): offset for topic, offset in offsets.items()}
    return Takeover(FakeGateway(path, offsets=committed), [TOPIC], lambda table: table)


def task_of(table: str | None, *inputs: str) -> StageTask:
    """A task that is not loaded."""
    spec = spec_of(EchoStage(), table=table, inputs=inputs)
    return StageTask(spec, 0, FakeWriter(FakeKafka()), FakeContext())


@in_loop
async def test_a_stateless_stage_begins_at_the_groups_offset_with_its_metadata(
    tmp_path: Path,
) -> None:
    """Both were committed with what followed from the records before it."""
    takeover = takeover_of(tmp_path, a=(7, "S=3"))
    starts = await takeover._starts([task_of(None, "a")], FakeConsumer(starts={("a", 0): 2}))
    assert {("a", 0): (7, b"S=3")} == starts


@in_loop
async def test_without_an_offset_it_begins_where_the_log_does(tmp_path: Path) -> None:
    """Not wherever the first batch happens to begin."""
    takeover = takeover_of(tmp_path)
    starts = await takeover._starts([task_of(None, "a")], FakeConsumer(starts={("a", 0): 2}))
    assert {("a", 0): (2, None)} == starts


@in_loop
async def test_a_stage_with_a_table_begins_at_the_log_whatever_the_group_says(
    tmp_path: Path,
) -> None:
    """Its own position is in its table; without one it has counted nothing."""
    takeover = takeover_of(tmp_path, a=(7, ""), b=(9, ""))
    starts = await takeover._starts([task_of("rows", "a", "b")], FakeConsumer())
    assert {("a", 0): (0, None), ("b", 0): (0, None)} == starts


@in_loop
async def test_the_partitions_of_the_inputs_are_counted_anew(tmp_path: Path) -> None:
    """Stream time is the minimum over all of them, also those added since."""
    takeover = takeover_of(tmp_path)
    await takeover._starts([task_of(None, TOPIC)], FakeConsumer())
    assert {TOPIC: 3} == takeover.input_counts


def test_a_store_that_is_not_wanted_any_more_is_closed_at_once(tmp_path: Path) -> None:
    """RocksDB's lock would else stay until garbage collection, in the way of the next open."""
    takeover = takeover_of(tmp_path)
    takeover._open({("rows", 0), ("rows", 1)})
    kept = dict(takeover.stores)
    takeover._open({("rows", 1)})
    assert {("rows", 1): kept["rows", 1]} == takeover.stores
    PartitionStore(tmp_path / "rows" / "0").close()
    takeover.close()
    PartitionStore(tmp_path / "rows" / "1").close()


class JournalGateway(FakeGateway):
    """Writes into Kafka's journal how many rows it restores onto."""

    async def begin(self, stores: Stores) -> None:
        """Say which stores may begin with a snapshot."""
        empty = sorted(at for at, store in stores.items() if store.offset is None)
        self.kafka.journal += [f"begin {at.topic}-{at.partition}" for at in empty]

    async def follow(self, stores: Stores) -> None:
        """Nothing comes, for ever."""
        await asyncio.Event().wait()

    async def restore(self, stores: Stores) -> int:
        """Say what is there."""
        rows = [len(store.scan(b"a", b"z")) for store in stores.values()]
        self.kafka.journal.append(f"restore onto {rows}")
        return 0


def state_of(lineage: str) -> bytes:
    """What a stage kept."""
    return msgspec.json.encode(Envelope(lineage, {}, Ledger(), msgspec.Raw(b'{"count":0}')))


@pytest.mark.parametrize(
    ("lineages", "rows"),
    [(["mine"], 1), (["other"], 0), ([], 0)],
    ids=["its own", "another's", "nobody's"],
)
@in_loop
async def test_a_store_of_another_table_is_emptied_before_its_changelog_is_read(
    tmp_path: Path, lineages: list[str], rows: int
) -> None:
    """Afterwards nothing would tell, if the changelog says no more, or the worker dies midway."""
    states = {TopicPartition("rows", 0): state_of(lineage) for lineage in lineages}
    gateway = JournalGateway(tmp_path, states=states)
    store = gateway.store("rows", 0)
    store.write({b"row": b"1", STATE_KEY: state_of("mine")}, 5)
    store.close()
    takeover = Takeover(gateway, [TOPIC], lambda table: table)
    await takeover.load([task_of("rows", TOPIC)], [], set(), FakeConsumer())
    assert [f"restore onto [{rows}]"] == gateway.kafka.journal
    takeover.close()


@in_loop
async def test_an_empty_store_begins_with_a_snapshot_before_its_changelog_is_read(
    tmp_path: Path,
) -> None:
    """A task's, and one that is kept warm: what the snapshot has need not be read."""
    gateway = JournalGateway(tmp_path)
    takeover = Takeover(gateway, [TOPIC], lambda table: table)
    await takeover.load([task_of("rows", TOPIC)], [], {("others", 1)}, FakeConsumer())
    await eventually(lambda: len(gateway.kafka.journal) == 4)
    await takeover.rest()
    expected = ["begin rows-0", "restore onto [0]", "begin others-1", "restore onto [0]"]
    assert expected == gateway.kafka.journal
    takeover.close()


@in_loop
async def test_when_the_groups_offsets_are_not_told_no_restoring_goes_on(tmp_path: Path) -> None:
    """The attempt is repeated, and two must not write the same store."""
    events: list[str] = []

    class Slow(FakeGateway):
        async def restore(self, stores: Stores) -> int:
            events.append("begun")
            try:
                await asyncio.sleep(60)
            finally:
                events.append("ended")
            return 0

        async def committed(self, partitions: Any) -> Any:
            await asyncio.sleep(0.01)
            raise KafkaError

    takeover = Takeover(Slow(tmp_path), [TOPIC], lambda table: table)
    with pytest.raises(KafkaError):
        await takeover.load([task_of("rows", "a")], [], set(), FakeConsumer())
    assert ["begun", "ended"] == events
    takeover.close()
