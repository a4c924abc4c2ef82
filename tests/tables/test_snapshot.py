"""Laws of a partition's snapshots on disk."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from models.errors import SnapshotError
from tables.snapshot import MANIFEST, Manifest, Snapshot, bring, keep, newest
from tables.store import STATE_KEY, PartitionStore

CHANGELOG = "rows-changelog"
DAY_MS = 86_400_000


@pytest.fixture
def store(tmp_path: Path) -> Iterator[PartitionStore]:
    """A store to take snapshots of."""
    made = PartitionStore(tmp_path / "live" / "0")
    yield made
    made.close()


def taken(store: PartitionStore, directory: Path, taken_ms: int = 1_000) -> Snapshot:
    """A snapshot of a store as it is now."""
    files = store.beside()
    store.checkpoint(files)
    manifest = Manifest(
        table="rows",
        changelog=CHANGELOG,
        partition=0,
        offset=store.offset or 0,
        written_ms=store.written_ms,
        taken_ms=taken_ms,
        state=msgspec.Raw(store.state() or b"{}"),
    )
    snapshot = keep(directory, files, manifest)
    shutil.rmtree(files)
    return snapshot


def begun(snapshot: Snapshot, path: Path) -> PartitionStore:
    """A store that begins with a snapshot."""
    store = PartitionStore(path / "begun" / "0")
    files = store.beside()
    bring(snapshot, files)
    store.replace(files)
    return store


def content(directory: Path) -> dict[str, bytes]:
    """All files below a directory."""
    files = (path for path in directory.rglob("*") if path.is_file())
    return {str(path.relative_to(directory)): path.read_bytes() for path in files}


def test_a_snapshot_between_any_two_steps_is_the_store_as_it_was_then(
    store: PartitionStore, tmp_path: Path
) -> None:
    """Rows, deletions, state and offset of the steps before it, in memory or not; none after."""
    for step in range(12):
        changes = {b"k%d" % step: b"%d" % step, b"count": b"%d" % step, STATE_KEY: b"%d" % step}
        store.write(changes | {b"k%d" % (step - 3): None}, 10 * step)
        if step % 4 == 1:
            store._db.flush()
        expected = dict(store.scan(b"a", b"z"))
        snapshot = taken(store, tmp_path / "snapshots", step)
        store.write({b"count": b"later", b"later": b""}, 10 * step + 5)
        again = begun(snapshot, tmp_path / str(step))
        assert (expected, b"%d" % step, 10 * step) == (
            dict(again.scan(b"a", b"z")),
            again.state(),
            again.offset,
        )
        again.close()
        store.write({b"later": None}, 10 * step + 6)


def test_a_snapshot_is_never_changed_by_a_store_that_began_with_it(
    store: PartitionStore, tmp_path: Path
) -> None:
    """Though files are linked: it writes, compacts them away, is reset, and goes."""
    store.write({b"k%d" % n: bytes(1_000) for n in range(2_000)}, 7)
    snapshot = taken(store, tmp_path / "snapshots")
    before = content(tmp_path / "snapshots")
    again = begun(snapshot, tmp_path)
    for offset in range(8, 40):
        again.write({b"k%d" % n: b"%d" % offset for n in range(2_000)}, offset)
        again._db.flush()
    again._db.compact_range(None, None)
    again.reset()
    again.close()
    assert before == content(tmp_path / "snapshots")


def test_the_files_of_one_disk_are_linked_and_those_of_another_copied(
    store: PartitionStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only what RocksDB never changes is linked: rows; not the log of its files."""
    store.write({b"a": b"1"}, 0)
    linked = taken(store, tmp_path / "linked")
    monkeypatch.setattr(Path, "hardlink_to", _no_link)
    copied = taken(store, tmp_path / "copied")
    links = {p.suffix or p.name[:8]: p.stat().st_nlink for p in linked.path.iterdir()}
    assert {".sst": 2, "MANIFEST": 1} == {kind: links[kind] for kind in (".sst", "MANIFEST")}
    assert {1} == {path.stat().st_nlink for path in copied.path.iterdir()}
    again = begun(copied, tmp_path)
    assert [(b"a", b"1")] == again.scan(b"a", b"b")
    again.close()


def _no_link(path: Path, target: Path) -> None:
    raise OSError(18, "Invalid cross-device link")


def _cut_manifest(snapshot: Path) -> None:
    (snapshot / MANIFEST).write_bytes((snapshot / MANIFEST).read_bytes()[:100])


def _no_manifest(snapshot: Path) -> None:
    (snapshot / MANIFEST).unlink()


def _no_text(snapshot: Path) -> None:
    _changed(snapshot, b'"rows"', b'"\xff"')


def _nested(snapshot: Path) -> None:
    _changed(snapshot, b'"state": {}', b'"state": ' + b"[" * 100_000)


def _of_another_partition(snapshot: Path) -> None:
    _changed(snapshot, b'"partition": 0', b'"partition": 1')


def _of_no_time(snapshot: Path) -> None:
    _changed(snapshot, b'"takenMs": 10', b'"takenMs": 1' + b"0" * 30)


def _changed(snapshot: Path, was: bytes, now: bytes) -> None:
    content = (snapshot / MANIFEST).read_bytes()
    assert was in content
    (snapshot / MANIFEST).write_bytes(content.replace(was, now))


@pytest.mark.parametrize(
    "tear",
    [_cut_manifest, _no_manifest, _no_text, _nested, _of_another_partition, _of_no_time],
)
def test_without_a_whole_manifest_the_snapshot_before_is_the_newest(
    store: PartitionStore, tmp_path: Path, tear: Callable[[Path], None]
) -> None:
    """It is written last: whatever was cut off before it is no snapshot."""
    store.write({b"a": b"1"}, 0)
    old = taken(store, tmp_path, 9)
    shutil.copytree(old.path, tmp_path / "kept")
    new = taken(store, tmp_path, 10)
    assert new == newest(tmp_path, CHANGELOG, 0)
    shutil.move(tmp_path / "kept", old.path)
    tear(new.path)
    assert old == newest(tmp_path, CHANGELOG, 0)


def test_where_nothing_was_taken_there_is_no_snapshot(tmp_path: Path) -> None:
    """Nor where the directory is missing, nor of another partition."""
    assert [None, None] == [newest(at, CHANGELOG, 1) for at in (tmp_path, tmp_path / "gone")]


def _cut(file: Path) -> None:
    _renew(file, file.read_bytes()[:-1])


def _flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    _renew(file, bytes(content))


def _delete(file: Path) -> None:
    file.unlink()


def _add(file: Path) -> None:
    (file.parent / "000099.sst").write_bytes(b"another's")


def _renew(file: Path, content: bytes) -> None:
    file.unlink()  # it is linked
    file.write_bytes(content)


@pytest.mark.parametrize("tear", [_cut, _flip, _delete, _add])
@pytest.mark.parametrize("pattern", ["*.sst", "MANIFEST-*", "CURRENT"])
def test_a_snapshot_whose_files_are_not_those_of_its_manifest_is_refused(
    store: PartitionStore, tmp_path: Path, tear: Callable[[Path], None], pattern: str
) -> None:
    """Cut, changed, missing or strange: RocksDB might open it, and lack rows."""
    store.write({b"a": b"1"}, 0)
    snapshot = taken(store, tmp_path / "snapshots")
    tear(next(snapshot.path.glob(pattern)))
    with pytest.raises(SnapshotError, match="its files are not those of its manifest"):
        bring(snapshot, tmp_path / "copy")


def test_a_new_snapshot_takes_the_place_of_older_ones_of_its_partition(
    store: PartitionStore, tmp_path: Path
) -> None:
    """Torn ones too; not of a newer one, nor of what is none, nor of another partition."""
    store.write({b"a": b"1"}, 0)
    home = tmp_path / CHANGELOG / "0"
    for name in ("1", "2", "999", "notes"):
        (home / name).mkdir(parents=True)
    (tmp_path / CHANGELOG / "1" / "3").mkdir(parents=True)
    taken(store, tmp_path, 50)
    assert {"50", "999", "notes"} == {path.name for path in home.iterdir()}
    assert (tmp_path / CHANGELOG / "1" / "3").exists()


def test_a_snapshot_of_a_clock_that_was_wrong_does_not_hide_later_ones(
    store: PartitionStore, tmp_path: Path
) -> None:
    """One of next year would be the newest for a year, and never be used."""
    store.write({b"a": b"1"}, 0)
    taken(store, tmp_path, 365 * DAY_MS)
    new = taken(store, tmp_path, 50)
    assert ["50"] == [path.name for path in new.path.parent.iterdir()]


@pytest.mark.parametrize("linked", [CHANGELOG, f"{CHANGELOG}/0"])
def test_a_snapshot_is_not_written_beyond_a_link(
    store: PartitionStore, tmp_path: Path, linked: str
) -> None:
    """Who may only ask for snapshots could else choose what is written to, and deleted."""
    store.write({b"a": b"1"}, 0)
    elsewhere = tmp_path / "elsewhere"
    for other in (elsewhere / "1", elsewhere / "0" / "1"):
        other.mkdir(parents=True)
    link = tmp_path / "snapshots" / linked
    link.parent.mkdir(parents=True)
    link.symlink_to(elsewhere)
    with pytest.raises(SnapshotError, match=r"leads to .*elsewhere.* Name another directory"):
        taken(store, tmp_path / "snapshots")
    assert {"1", "0", "0/1"} == {str(p.relative_to(elsewhere)) for p in elsewhere.rglob("*")}


class Killed(BaseException):
    """The end of the process."""


@pytest.mark.parametrize("survived", range(4))
def test_whenever_the_process_dies_while_it_writes_the_older_snapshot_is_the_newest(
    store: PartitionStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, survived: int
) -> None:
    """After any number of files, with none of them or all: what was written is no snapshot yet."""
    store.write({b"a": b"1"}, 0)
    old = taken(store, tmp_path, 9)
    real = shutil.copyfile
    copied: list[Path] = []

    def dying(source: Path, target: Path) -> None:
        if len(copied) == survived:
            raise Killed
        copied.append(real(source, target))

    monkeypatch.setattr(shutil, "copyfile", dying)
    with pytest.raises(Killed):
        taken(store, tmp_path, 10)
    assert (True, old) == ((old.path.parent / "10").exists(), newest(tmp_path, CHANGELOG, 0))


def test_a_snapshot_that_cannot_be_written_leaves_the_older_one(
    store: PartitionStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk, told with the remedy; nothing of the new one stays."""
    store.write({b"a": b"1"}, 0)
    old = taken(store, tmp_path, 9)

    def full(source: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(SnapshotError, match=r"No space left on device.*take the snapshot again"):
        taken(store, tmp_path, 10)
    assert (old, ["9"]) == (
        newest(tmp_path, CHANGELOG, 0),
        [path.name for path in old.path.parent.iterdir()],
    )


def test_a_checkpoint_keeps_no_lock(store: PartitionStore) -> None:
    """RocksDB's own object for it would, after the store is closed."""
    store.write({b"a": b"1"}, 0)
    store.checkpoint(store.beside())
    store.close()
    PartitionStore(store.path).close()


def test_what_a_crash_left_beside_a_store_goes_when_it_is_opened(store: PartitionStore) -> None:
    """Half a snapshot taken, or begun with; not another partition's store."""
    left = store.beside()
    left.mkdir()
    other = store.path.with_name("01")
    other.mkdir()
    store.close()
    PartitionStore(store.path).close()
    assert [False, True] == [left.exists(), other.exists()]
