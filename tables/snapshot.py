"""Snapshots: a partition's rows in a directory, for a store that is empty to begin with.

``<directory>/<changelog>/<partition>/<taken, in epoch ms>/`` holds RocksDB's files and, written
last, their manifest: where that is missing, or a file is not as it says, there is no snapshot.
What RocksDB never changes is linked where the file system can, and the rest copied, so that a
store that began with a snapshot changes nothing of it.
"""

import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, NamedTuple

import msgspec

from models.errors import SnapshotError, shown
from models.timestamps import MAX_MS

MANIFEST = "manifest.json"
#: RocksDB writes these once, and deletes them.
_NEVER_CHANGED = ".sst"
#: Clocks of workers that take snapshots are no further apart.
_CLOCKS_APART_MS = 3_600_000


class File(msgspec.Struct, frozen=True):
    """What a file must be.

    Attributes:
        bytes: Its size.
        sha256: Its digest, in hexadecimal.
    """

    bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a snapshot is of.

    Attributes:
        table: Name of the table.
        changelog: The table's changelog topic.
        partition: The partition.
        offset: Changelog offset of the last change in it.
        written_ms: When that was written (epoch ms).
        taken_ms: When it was taken (epoch ms).
        state: What the stage kept at that offset: lineage, positions, and the rules of its rows.
        files: What it consists of, by name.
    """

    table: str
    changelog: str
    partition: int
    offset: int
    written_ms: int
    taken_ms: Annotated[int, msgspec.Meta(ge=0, le=MAX_MS)]
    state: msgspec.Raw
    files: dict[str, File] = {}

    @property
    def bytes(self) -> int:
        """Bytes of all its files."""
        return sum(file.bytes for file in self.files.values())


class Snapshot(NamedTuple):
    """A snapshot that has a manifest.

    Attributes:
        path: Its directory.
        manifest: What it says of itself.
    """

    path: Path
    manifest: Manifest


def keep(directory: Path, checkpoint: Path, manifest: Manifest) -> Snapshot:
    """Keep a checkpoint as a snapshot, instead of older ones of the partition.

    Args:
        directory: Where snapshots are.
        checkpoint: The store's files.
        manifest: What they are, but for the files.

    Raises:
        SnapshotError: It can't be written; the older ones are as they were.
    """
    home = _home(directory, manifest.changelog, manifest.partition)
    _check_links(directory, home)
    path = home / str(manifest.taken_ms)
    try:
        _place(checkpoint, path)
        whole = msgspec.structs.replace(manifest, files=_files(path))
        (path / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(whole)) + b"\n")
        _sync(path)
    except OSError as error:
        shutil.rmtree(path, ignore_errors=True)
        raise SnapshotError(
            f"The directory of snapshots must be writable, and have room; writing {path} failed: "
            f"{error.strerror}. Mend that, and take the snapshot again."
        ) from None
    for other in _taken(home):
        # A newer one is another owner's, a moment ago, or of a clock that was wrong: it would be
        # the newest for as long, and not be used.
        if not 0 <= int(other.name) - manifest.taken_ms <= _CLOCKS_APART_MS:
            shutil.rmtree(other, ignore_errors=True)
    return Snapshot(path, whole)


def newest(directory: Path, changelog: str, partition: int) -> Snapshot | None:
    """The newest snapshot of a partition; one without a manifest is none."""
    for path in sorted(_taken(_home(directory, changelog, partition)), key=_number, reverse=True):
        try:
            manifest = msgspec.json.decode((path / MANIFEST).read_bytes(), type=Manifest)
        except (OSError, ValueError, RecursionError):  # whatever bytes there are
            continue
        if (manifest.changelog, manifest.partition) == (changelog, partition):
            return Snapshot(path, manifest)
    return None


def bring(snapshot: Snapshot, to: Path) -> None:
    """Put a snapshot's files into a new directory.

    Args:
        snapshot: The snapshot, which stays as it is.
        to: Not there yet.

    Raises:
        SnapshotError: It is not whole, or can't be read or written.
    """
    try:
        _place(snapshot.path, to)
        found = _files(to)
    except OSError as error:
        raise SnapshotError(f"it can't be copied: {error}") from None
    if found != snapshot.manifest.files:
        wrong = sorted(name for name, _ in found.items() ^ snapshot.manifest.files.items())
        raise SnapshotError(f"its files are not those of its manifest: {', '.join(wrong[:3])}")


def _home(directory: Path, changelog: str, partition: int) -> Path:
    return directory / changelog / str(partition)


def _check_links(directory: Path, home: Path) -> None:
    """Check that the way to a partition's snapshots has no links, which lead anywhere.

    Raises:
        SnapshotError: It has.
    """
    named = Path(os.path.realpath(directory)) / home.relative_to(directory)
    if (leads_to := os.path.realpath(home)) != str(named):
        raise SnapshotError(
            f"The directory of snapshots must have no links in it; {shown(str(named))} leads to "
            f"{shown(leads_to)}. Name another directory."
        )


def _taken(home: Path) -> list[Path]:
    try:
        return [path for path in home.iterdir() if path.name.isdecimal()]
    except OSError:
        return []


def _number(path: Path) -> int:
    return int(path.name)


def _place(source: Path, target: Path) -> None:
    target.mkdir(parents=True)
    for file in source.iterdir():
        if file.suffix == _NEVER_CHANGED:
            _link(file, target / file.name)
        elif file.name != MANIFEST:
            shutil.copyfile(file, target / file.name)


def _link(file: Path, target: Path) -> None:
    try:
        target.hardlink_to(file)
    except OSError:  # another file system, or one without links
        shutil.copyfile(file, target)


def _files(path: Path) -> dict[str, File]:
    return dict(sorted(_described(path)))


def _described(path: Path) -> Iterator[tuple[str, File]]:
    for file in path.iterdir():
        with file.open("rb") as opened:
            digest = hashlib.file_digest(opened, "sha256").hexdigest()
        yield file.name, File(file.stat().st_size, digest)


def _sync(path: Path) -> None:
    """Wait until all of it would survive a power cut; older ones are deleted then."""
    for each in (*path.iterdir(), path, path.parent):
        opened = os.open(each, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
