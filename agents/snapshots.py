"""Empty stores begin with snapshots, where there are any: the changelog's rest follows."""

import asyncio
import logging
import shutil
from collections.abc import Awaitable, Callable, Collection, Mapping
from pathlib import Path
from typing import TypeAlias

import msgspec
from aiokafka import TopicPartition

from agents.spec import Envelope
from models.errors import SettingsError, SnapshotError
from models.timestamps import iso
from tables.changelog import Stores
from tables.snapshot import Manifest, Snapshot, bring, newest
from tables.store import PartitionStore
from tables.tombstones import may_lack_tombstones

logger = logging.getLogger(__name__)

#: Checks what a stage remembers against the rules that are set; raises SettingsError.
Check: TypeAlias = Callable[[bytes], None]
LastStates: TypeAlias = Callable[
    [Collection[TopicPartition]], Awaitable[Mapping[TopicPartition, bytes]]
]


class Snapshots:
    """The snapshots in a directory."""

    def __init__(self, directory: Path, checks: Mapping[str, Check]) -> None:
        """Look at nothing yet.

        Args:
            directory: Where they are.
            checks: For each table, of what its stage remembers.
        """
        self._directory = directory
        self._checks = checks

    async def begin(self, stores: Stores, last_states: LastStates) -> None:
        """Let the stores that are empty begin with a snapshot that fits; others are left alone.

        Args:
            stores: The store of each changelog partition.
            last_states: Gives what stages last kept in changelogs.

        Raises:
            StoreError: The data directory can't be used.
        """
        empty = [at for at, store in stores.items() if store.offset is None]
        for at, state in (await last_states(empty)).items():
            try:
                snapshot = await asyncio.to_thread(self._fitting, at, state)
                await _begin(stores[at], snapshot)
            except SnapshotError as error:
                logger.warning(
                    "%s-%d is restored from all of its changelog, not from a snapshot in %s: %s",
                    *at,
                    self._directory,
                    error,
                )

    def _fitting(self, at: TopicPartition, state: bytes) -> Snapshot:
        """The newest snapshot of a partition.

        Raises:
            SnapshotError: There is none, or it must not be used.
        """
        snapshot = newest(self._directory, *at)
        if snapshot is None:
            raise SnapshotError("there is none that is whole.")
        self._check(snapshot.manifest, _envelope(state))
        return snapshot

    def _check(self, manifest: Manifest, now: Envelope) -> None:
        taken = iso(manifest.taken_ms)
        try:
            then = _envelope(bytes(manifest.state))
            self._checks[manifest.table](bytes(then.stage))
        except SettingsError as error:
            raise SnapshotError(f"that of {taken} is of other rules. {error}") from None
        except (KeyError, ValueError, RecursionError) as error:
            raise SnapshotError(f"what that of {taken} says can't be read: {error}") from None
        if then.lineage != now.lineage:
            raise SnapshotError(
                f"that of {taken} is of another table. Was the topic deleted, or the cluster "
                "another one?"
            )
        if may_lack_tombstones(manifest.written_ms):
            raise SnapshotError(
                f"that of {taken} is older than deletions are told for: rows that were deleted "
                "since would come back. Take one at least once a day."
            )


async def _begin(store: PartitionStore, snapshot: Snapshot) -> None:
    files = store.beside()
    try:
        await asyncio.to_thread(bring, snapshot, files)
        store.replace(files)
    finally:
        shutil.rmtree(files, ignore_errors=True)
    logger.info(
        "The store %s begins with the snapshot %s, at changelog offset %s",
        store.path,
        snapshot.path,
        store.offset,
    )


def _envelope(state: bytes) -> Envelope:
    return msgspec.json.decode(state, type=Envelope)
