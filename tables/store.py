"""One partition of a table in RocksDB.

Local state is never ahead of Kafka: changes are written after their transaction committed, in one
write batch with the changelog offset they came from. If it is behind, the changelog has the rest.
"""

import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import cast

from rocksdict import (
    BlockBasedOptions,
    Cache,
    DBCompressionType,
    Options,
    Rdict,
    ReadOptions,
    WriteBatch,
)

#: Where the engine keeps a stage's state and position: before every row.
STATE_KEY = b"\0state"
#: Local only: the changelog offset up to which the store is written, and when (epoch ms).
_OFFSET_KEY = b"\0offset"

#: One block cache for all partitions of the process, in bytes: unset, RocksDB takes 2 GiB for each.
_CACHE = Cache(128 * 1024 * 1024)
#: Bytes in a memtable before it is flushed; two of them at most for each partition.
_MEMTABLE_BYTES = 8 * 1024 * 1024

#: How long the changelog keeps tombstones (its ``delete.retention.ms``). A store that was away for
#: longer may have missed deletions, so it is built anew.
TOMBSTONES_KEPT_MS = 86_400_000
_MARGIN_MS = 3_600_000


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


class PartitionStore:
    """The rows of one partition, on disk.

    Attributes:
        path: Its directory.
        offset: Changelog offset of the last change in it; None when empty.
    """

    def __init__(self, path: Path) -> None:
        """Open the store, or create it.

        Raises:
            Exception: RocksDB's own, when the directory can't be used or is locked.
        """
        self.path = path
        path.mkdir(parents=True, exist_ok=True)
        self._db: Rdict = Rdict(str(path), _options())
        self.offset: int | None = None
        self.written_ms = 0
        if (kept := self._db.get(_OFFSET_KEY)) is not None:
            self.offset, self.written_ms = map(int, kept.split())

    @property
    def may_lack_tombstones(self) -> bool:
        """Whether deletions may have left the changelog since the last write."""
        away_ms = time.time_ns() // 1_000_000 - self.written_ms
        return self.offset is not None and away_ms > TOMBSTONES_KEPT_MS - _MARGIN_MS

    def get_many(self, keys: Sequence[bytes]) -> Sequence[bytes | None]:
        """Values of the keys, in their order; None where there is no row."""
        return cast("list[bytes | None]", self._db.get(list(keys))) if keys else []

    def scan(
        self, lower: bytes, upper: bytes, limit: int | None = None
    ) -> list[tuple[bytes, bytes]]:
        """Rows with lower <= key < upper in key order, at most ``limit``."""
        bounds = ReadOptions()
        bounds.set_iterate_upper_bound(upper)
        rows = self._db.items(from_key=lower, read_opt=bounds)
        return list(islice(cast("Iterator[tuple[bytes, bytes]]", rows), limit))

    def state(self) -> bytes | None:
        """What the engine kept under ``STATE_KEY``."""
        return self.get_many([STATE_KEY])[0]

    def write(self, changes: Mapping[bytes, bytes | None], offset: int) -> None:
        """Write committed changes and their changelog offset, all or nothing."""
        batch = WriteBatch(raw_mode=True)
        for key, value in changes.items():
            if value is None:
                batch.delete(key)
            else:
                batch.put(key, value)
        now_ms = time.time_ns() // 1_000_000
        batch.put(_OFFSET_KEY, b"%d %d" % (offset, now_ms))
        self._db.write(batch)
        self.offset, self.written_ms = offset, now_ms

    def reset(self) -> None:
        """Delete everything and begin anew."""
        self.close()
        shutil.rmtree(self.path)
        self.__init__(self.path)  # type: ignore[misc]  # the same object, opened again

    def close(self) -> None:
        """Release the directory's lock at once: garbage collection would do it some time."""
        self._db.close()
