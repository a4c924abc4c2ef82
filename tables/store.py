"""One partition of a table in RocksDB.

Local state is never ahead of Kafka: changes are written after their transaction committed, in one
write batch with the changelog offset they came from. If it is behind, the changelog has the rest:
so it has no log of its own, and a crash leaves rows and offset as of some earlier write.
"""

import logging
import shutil
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from rocksdict import (
    BlockBasedOptions,
    Cache,
    Checkpoint,
    DbClosedError,
    DBCompressionType,
    Options,
    Rdict,
    ReadOptions,
    WriteBatch,
    WriteOptions,
)

from models.errors import StoreError
from tables.tombstones import may_lack_tombstones
from tables.trouble import damaged, told

logger = logging.getLogger(__name__)

#: Where the engine keeps a stage's state and position: before every row.
STATE_KEY = b"\0state"
#: Local only: the changelog offset up to which the store is written, and when (epoch ms).
_OFFSET_KEY = b"\0offset"

#: One block cache for all partitions of the process, in bytes: unset, RocksDB takes 2 GiB for each.
_CACHE = Cache(128 * 1024 * 1024)
#: Bytes in a memtable before it is flushed; two of them at most for each partition.
_MEMTABLE_BYTES = 8 * 1024 * 1024
#: Without a log of its own: what is lost with the memory, the changelog has (decision 28).
_UNLOGGED = WriteOptions()
_UNLOGGED.disable_wal = True  # type: ignore[method-assign,assignment]  # a property, not as typed


def _options() -> Options:
    table = BlockBasedOptions()
    table.set_block_cache(_CACHE)
    table.set_bloom_filter(10, block_based=False)
    table.set_cache_index_and_filter_blocks(True)
    options = Options(raw_mode=True)
    options.create_if_missing(create_if_missing=True)
    options.set_block_based_table_factory(table)
    options.set_write_buffer_size(_MEMTABLE_BYTES)
    options.set_max_write_buffer_number(2)
    options.set_compression_type(DBCompressionType.lz4())
    options.set_max_open_files(256)
    options.set_keep_log_file_num(2)
    options.set_max_log_file_size(1024 * 1024)
    return options


#: RocksDB's properties of what it holds on disk, and in memory to be written.
_SIZES = ("rocksdb.total-sst-files-size", "rocksdb.cur-size-all-mem-tables")


class PartitionStore:
    """The rows of one partition, on disk.

    Attributes:
        path: Its directory.
        offset: Changelog offset of the last change in it; None when empty.
    """

    def __init__(self, path: Path) -> None:
        """Open the store, or create it. One that is damaged is deleted: the changelog has it all.

        Raises:
            StoreError: The directory can't be used, or is locked.
        """
        self.path = path
        self._open_whole()

    def _open_whole(self) -> None:
        for left in self.path.parent.glob(f"{self.path.name}.*"):  # beside it, by a crash
            shutil.rmtree(left, ignore_errors=True)
        try:
            self._open()
        except StoreError as error:
            if self.path.exists():
                raise
            logger.warning("%s", error)
            self._open()

    def _open(self) -> None:
        with self._disk():
            self.path.mkdir(parents=True, exist_ok=True)
            self._db: Rdict = Rdict(str(self.path), _options())
            self.offset: int | None = None
            self.written_ms = 0
            if (kept := self._db.get(_OFFSET_KEY)) is not None:
                self.offset, self.written_ms = map(int, kept.split())

    @contextmanager
    def _disk(self) -> Iterator[None]:
        """Turn RocksDB's errors into ours, and delete what is damaged.

        Raises:
            StoreError: What was tried failed.
        """
        try:
            yield
        except DbClosedError:
            raise  # by its user, who must know
        except Exception as error:
            if damaged(error):
                shutil.rmtree(self.path, ignore_errors=True)
            raise told(self.path, error) from error

    @property
    def may_lack_tombstones(self) -> bool:
        """Whether deletions may have left the changelog since the last write."""
        return self.offset is not None and may_lack_tombstones(self.written_ms)

    def get_many(self, keys: Sequence[bytes]) -> Sequence[bytes | None]:
        """Values of the keys, in their order; None where there is no row.

        Raises:
            StoreError: The disk fails, or its files are damaged.
        """
        if not keys:
            return []
        with self._disk():
            return cast("list[bytes | None]", self._db.get(list(keys)))

    def scan(
        self, lower: bytes, upper: bytes, limit: int | None = None
    ) -> list[tuple[bytes, bytes]]:
        """Rows with lower <= key < upper in key order, at most ``limit``.

        Raises:
            StoreError: The disk fails, or its files are damaged.
        """
        bounds = ReadOptions()
        bounds.set_iterate_upper_bound(upper)
        found: list[tuple[bytes, bytes]] = []
        with self._disk():
            rows = self._db.iter(bounds)
            rows.seek(lower)
            while len(found) != limit and rows.valid():
                found.append((rows.key(), rows.value()))
                rows.next()
            rows.status()  # else an error would just look like the end
        return found

    def state(self) -> bytes | None:
        """What the engine kept under ``STATE_KEY``."""
        return self.get_many([STATE_KEY])[0]

    def write(self, changes: Mapping[bytes, bytes | None], offset: int) -> None:
        """Write committed changes and their changelog offset, all or nothing.

        Raises:
            StoreError: The disk is full or fails; the store is behind its changelog, not wrong.
        """
        batch = WriteBatch(raw_mode=True)
        for key in sorted(changes):  # neighbours are cheaper to insert than strangers
            value = changes[key]
            if value is None:
                del batch[key]
            else:
                batch[key] = value
        now_ms = time.time_ns() // 1_000_000
        batch[_OFFSET_KEY] = b"%d %d" % (offset, now_ms)
        with self._disk():
            self._db.write(batch, _UNLOGGED)
        self.offset, self.written_ms = offset, now_ms

    def reset(self) -> None:
        """Delete everything and begin anew.

        Raises:
            StoreError: The directory can't be emptied.
        """
        self.close()
        with self._disk():
            shutil.rmtree(self.path)
        self._open()

    def beside(self) -> Path:
        """A path for a directory on the same file system; what a crash leaves there is deleted."""
        return self.path.with_name(f"{self.path.name}.{uuid.uuid4().hex}")

    def replace(self, files: Path) -> None:
        """Go on with other files instead of its own; damaged ones are deleted, as at opening.

        Args:
            files: A checkpoint beside it, which is moved.

        Raises:
            StoreError: The directory can't be used.
        """
        self.close()
        with self._disk():
            shutil.rmtree(self.path)
            files.rename(self.path)
        self._open_whole()

    def checkpoint(self, path: Path) -> None:
        """Write its rows as they are now into a new directory; the files it has are linked.

        What is in memory is flushed first: some tens of milliseconds for a full memtable.

        Args:
            path: Not there yet, and beside it.

        Raises:
            StoreError: It can't be written. The store is as it was.
        """
        try:
            # Not kept: it would hold the directory's lock after the store is closed.
            Checkpoint(self._db).create_checkpoint(str(path))
        except DbClosedError:
            raise
        except Exception as error:
            shutil.rmtree(path, ignore_errors=True)
            raise told(self.path, error) from error

    @property
    def bytes(self) -> int:
        """Bytes that it takes, on disk and in memory."""
        return sum(self._db.property_int_value(name) or 0 for name in _SIZES)

    def close(self) -> None:
        """Release the directory's lock at once: garbage collection would do it some time."""
        try:
            self._db.close()
        except Exception as error:  # noqa: BLE001 RocksDB raises nothing more precise
            logger.info(
                "The store %s lacks its last writes, its changelog has them: %s", self.path, error
            )
