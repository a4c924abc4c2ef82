"""Laws of beginning with a snapshot: which stores, and with which."""

import logging
import shutil
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
from aiokafka import TopicPartition

from agents.snapshots import Check, Snapshots
from agents.spec import Envelope
from models.errors import SettingsError
from models.ledger import Ledger
from tables.snapshot import MANIFEST, Manifest, keep
from tables.store import STATE_KEY, PartitionStore
from tables.tombstones import TOMBSTONES_KEPT_MS
from tests.agents.bench import CHANGELOG, on_bench
from tests.agents.fakes import EchoStage, batch, eventually, in_loop, spec_of

AT = TopicPartition(*CHANGELOG)


def state_of(lineage: str = "mine") -> bytes:
    """What a stage kept."""
    return msgspec.json.encode(Envelope(lineage, {"a": 7}, Ledger(), msgspec.Raw(b'{"count":0}')))


def snapshot_of(store: PartitionStore, directory: Path, age_ms: int = 0) -> Path:
    """Take a snapshot of a store; its directory."""
    files = store.beside()
    store.checkpoint(files)
    manifest = Manifest(
        table="rows",
        changelog=AT.topic,
        partition=AT.partition,
        offset=store.offset or 0,
        written_ms=store.written_ms - age_ms,
        taken_ms=store.written_ms - age_ms,
        state=msgspec.Raw(store.state() or b""),
    )
    kept = keep(directory, files, manifest)
    shutil.rmtree(files)
    return kept.path


def some_snapshot(path: Path, age_ms: int = 0) -> Path:
    """A snapshot of one row, of the lineage ``mine``, up to changelog offset 5."""
    store = PartitionStore(path / "former" / "0")
    store.write({b"k0": b"old", STATE_KEY: state_of()}, 5)
    taken = snapshot_of(store, path / "snapshots", age_ms)
    store.close()
    return taken


def allowed(state: bytes) -> None:
    """Rules that fit anything."""


def no_state(state: bytes) -> None:
    """Rules of another shape of what is remembered."""
    raise msgspec.ValidationError("Object missing required field `time`")


def other_rules(state: bytes) -> None:
    """Rules that fit nothing."""
    raise SettingsError("CLICKSTREAM_WINDOW_SIZE must stay.")


async def begin(
    path: Path, store: PartitionStore, lineage: str | None = "mine", check: Check = allowed
) -> None:
    """Let a store begin, where its changelog was last of this lineage; None: it is empty."""

    async def last_states(
        partitions: Collection[TopicPartition],
    ) -> Mapping[TopicPartition, bytes]:
        return {at: state_of(lineage) for at in partitions} if lineage else {}

    checks = {"rows": check}
    await Snapshots(path / "snapshots", checks).begin({AT: store}, last_states)


@in_loop
async def test_an_empty_store_begins_with_a_snapshot_that_fits(tmp_path: Path) -> None:
    """Its rows and its offset: the changelog's rest is what remains to be read."""
    some_snapshot(tmp_path)
    store = PartitionStore(tmp_path / "store" / "0")
    await begin(tmp_path, store)
    assert ([(b"k0", b"old")], 5, state_of()) == (
        store.scan(b"k", b"l"),
        store.offset,
        store.state(),
    )
    assert ["0"] == [path.name for path in store.path.parent.iterdir()]
    store.close()


@in_loop
async def test_a_store_that_holds_anything_is_left_alone(tmp_path: Path) -> None:
    """What it has is newer, or is for the changelog to judge."""
    some_snapshot(tmp_path)
    store = PartitionStore(tmp_path / "store" / "0")
    store.write({b"k0": b"new"}, 3)
    await begin(tmp_path, store)
    assert ([(b"k0", b"new")], 3) == (store.scan(b"k", b"l"), store.offset)
    store.close()


class Unfit(NamedTuple):
    """What a snapshot is that must not be used, and what is said of it."""

    reason: str
    lineage: str = "mine"
    check: Check = allowed
    age_ms: int = 0
    torn: bool = False
    said: tuple[bytes, bytes] = (b"", b"")


_BACK = "rows that were deleted since would come back"
_UNFIT = {
    "of another lineage": Unfit("is of another table", lineage="other"),
    "of other rules": Unfit("is of other rules. CLICKSTREAM_WINDOW_SIZE", check=other_rules),
    "too old": Unfit(_BACK, age_ms=TOMBSTONES_KEPT_MS),
    "of the future": Unfit(_BACK, age_ms=-TOMBSTONES_KEPT_MS),
    "torn": Unfit("there is none that is whole", torn=True),
    "of an unknown table": Unfit("can't be read: 'strange'", said=(b'"rows"', b'"strange"')),
    "without a lineage": Unfit("can't be read: Object", said=(b'"lineage"', b'"lines"')),
    "of another form": Unfit("can't be read: Object", check=no_state),
}


@pytest.mark.parametrize("unfit", _UNFIT.values(), ids=_UNFIT.keys())
@in_loop
async def test_a_snapshot_that_does_not_fit_is_not_used_and_the_log_says_why(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, unfit: Unfit
) -> None:
    """The store stays empty: it is restored from all of the changelog."""
    taken = some_snapshot(tmp_path, unfit.age_ms)
    manifest = taken / MANIFEST
    manifest.write_bytes(manifest.read_bytes().replace(*unfit.said))
    if unfit.torn:
        manifest.unlink()
    store = PartitionStore(tmp_path / "store" / "0")
    with caplog.at_level(logging.WARNING):
        await begin(tmp_path, store, unfit.lineage, unfit.check)
    assert (None, []) == (store.offset, store.scan(b"k", b"l"))
    assert [True] == [unfit.reason in record.getMessage() for record in caplog.records]
    store.close()


@in_loop
async def test_damage_is_found_before_the_store_is_touched(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """One bit of a file: the store goes on empty, and nothing stays beside it."""
    rows = next(some_snapshot(tmp_path).glob("*.sst"))
    content = bytearray(rows.read_bytes())
    content[10] ^= 1
    rows.write_bytes(content)
    store = PartitionStore(tmp_path / "store" / "0")
    await begin(tmp_path, store)
    assert (None, ["0"]) == (store.offset, [path.name for path in store.path.parent.iterdir()])
    assert "are not those of its manifest" in caplog.text
    store.close()


@in_loop
async def test_of_a_changelog_that_is_empty_nothing_is_begun_or_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A first start is no reason to warn; and topics made anew are not those of the snapshot."""
    some_snapshot(tmp_path)
    store = PartitionStore(tmp_path / "store" / "0")
    await begin(tmp_path, store, None)
    assert (None, []) == (store.offset, caplog.records)
    store.close()


@in_loop
async def test_whenever_it_is_taken_a_snapshot_holds_whole_steps(tmp_path: Path) -> None:
    """As many rows as its position, and its count, say; while the task goes on."""
    async with on_bench(tmp_path / "live" / "0", spec_of(EchoStage(), table="rows")) as bench:
        store, begun = bench.store, []
        assert store is not None
        for n in range(0, 60, 3):
            bench.task.deliver(batch(n, n + 3))
            await eventually(lambda: store.offset is not None)
            begun.append(snapshot_of(store, tmp_path / f"snapshots-{n}"))
        await eventually(lambda: len(bench.rows) == 60)
        for number, path in enumerate(begun):
            again = PartitionStore(tmp_path / f"again-{number}" / "0")
            shutil.copytree(path, files := again.beside())
            again.replace(files)
            envelope = msgspec.json.decode(again.state() or b"", type=Envelope)
            (position,) = envelope.positions.values()
            rows = {b"k%d" % offset for offset in range(position)}
            assert rows == {key for key, _ in again.scan(b"k", b"l")}
            assert b'{"count":%d}' % position == bytes(envelope.stage)
            again.close()
