"""A worker's part of a snapshot: its partitions' rows, as they are between two steps."""

import asyncio
import logging
import shutil
import time
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from agents.spec import Envelope
from app.answers import Misasked, Refused, Unavailable
from app.reading import Reading, moving
from app.topics import changelog_name
from models.errors import SnapshotError, shown
from models.timestamps import iso
from tables.snapshot import Manifest, keep
from tables.store import PartitionStore

if TYPE_CHECKING:
    from app.bootstrap import App

logger = logging.getLogger(__name__)

#: What a directory of snapshots has in it: changelogs' names, and what a disk of its own has.
_CHANGELOG = "-changelog"
_A_DISKS = "lost+found"


class Unwritable(Refused):
    """The directory can't be written, or is full."""

    status = HTTPStatus.INSUFFICIENT_STORAGE


class Taken(msgspec.Struct, kw_only=True, rename="camel"):
    """What was taken of a partition.

    Attributes:
        table: The table.
        partition: The partition.
        worker: Its owner's address.
        path: The snapshot's directory, as that worker sees it; None where there is nothing yet.
        offset: Changelog offset of the last change in it; None as above.
        positions: The next offset of each input topic.
        bytes: Bytes of its files.
        seconds: How long it took.
        stood_seconds: For how long of these the stage stood still.
        at: When it was taken (ISO-8601); None as above.
    """

    table: str
    partition: int
    worker: str
    path: str | None = None
    offset: int | None = None
    positions: dict[str, int] = {}
    bytes: int = 0
    seconds: float = 0.0
    stood_seconds: float = 0.0
    at: str | None = None


class Taker:
    """Takes snapshots of a worker's partitions, one of each at a time."""

    def __init__(self, app: "App") -> None:
        """Take them of an app's tables."""
        self._app = app
        self._busy: set[tuple[str, int]] = set()

    async def take(self, reading: Reading, table: str, directory: Path) -> Taken:
        """Take a partition's rows as they are now.

        Args:
            reading: The partition.
            table: Its table.
            directory: Where snapshots are.

        Raises:
            Unavailable: The partition has moved, or a snapshot of it is being taken.
            Unwritable: The directory can't be written, or is full.
        """
        at = (table, reading.partition)
        if at in self._busy:
            raise Unavailable(
                f"One snapshot of a partition is taken at a time, and one of {table} "
                f"{reading.partition} is being taken: ask again soon."
            )
        self._busy.add(at)
        try:
            return await self._take(reading, table, directory)
        finally:
            self._busy.discard(at)

    async def _take(self, reading: Reading, table: str, directory: Path) -> Taken:
        began_s = time.monotonic()
        changelog = changelog_name(self._app.settings, table)
        taken = Taken(table=table, partition=reading.partition, worker=str(self._app.peers.me))
        files, manifest = reading.read(partial(_checkpoint, table, changelog, reading.partition))
        stood_s = time.monotonic() - began_s
        if manifest is None:
            return taken
        try:
            kept = await asyncio.to_thread(keep, directory, files, manifest)
        except SnapshotError as error:
            if not files.exists():  # the store was opened anew, which deletes what is beside it
                raise moving([reading.partition]) from None
            raise Unwritable(str(error)) from None
        finally:
            shutil.rmtree(files, ignore_errors=True)
        logger.info("Snapshot taken: %s, up to changelog offset %d", kept.path, manifest.offset)
        return msgspec.structs.replace(
            taken,
            path=str(kept.path),
            offset=manifest.offset,
            positions=msgspec.json.decode(manifest.state, type=Envelope).positions,
            bytes=kept.manifest.bytes,
            seconds=round(time.monotonic() - began_s, 6),
            stood_seconds=round(stood_s, 6),
            at=iso(manifest.taken_ms),
        )


def _checkpoint(
    table: str, changelog: str, partition: int, store: PartitionStore
) -> tuple[Path, Manifest | None]:
    """A checkpoint and what it is of, while nothing else runs: no step can come between."""
    files, state = store.beside(), store.state()
    if store.offset is None or state is None:
        return files, None
    store.checkpoint(files)
    return files, Manifest(
        table=table,
        changelog=changelog,
        partition=partition,
        offset=store.offset,
        written_ms=store.written_ms,
        taken_ms=time.time_ns() // 1_000_000,
        state=msgspec.Raw(state),
    )


def directory_of(text: str) -> Path:
    """The directory that a snapshot goes to.

    Who may ask for snapshots must not be able to write anywhere: it holds snapshots alone.

    Raises:
        Misasked: It is none, or holds other things.
    """
    path = Path(text)
    rule = "A snapshot goes to a directory that is there, by its absolute path as the worker sees"
    try:
        there = path.is_absolute() and path.is_dir()
        others = [name for name in map(_name, path.iterdir()) if _foreign(name)] if there else []
    except (OSError, ValueError):  # ValueError: a NUL in it
        there, others = False, []
    if not there:
        raise Misasked(f"{rule} it; got {shown(text)}. Make it, or name another.")
    if others:
        raise Misasked(
            f"{rule} it, and that holds nothing but snapshots; {shown(text)} holds "
            f"{shown(min(others))}. Name an empty one."
        )
    return path


def _name(path: Path) -> str:
    return path.name


def _foreign(name: str) -> bool:
    return not name.endswith(_CHANGELOG) and name != _A_DISKS
