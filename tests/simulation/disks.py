"""Stores in memory, on disks that outlive the process that opened them."""

import json
from bisect import bisect_left, insort
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from agents.gateway import KafkaGateway
from tables.store import STATE_KEY, PartitionStore
from tests.simulation.broker import Link
from tests.simulation.case import changelog_of
from tests.simulation.loop import Process

Partition = tuple[str, int]

#: How long the simulated changelogs keep tombstones (ms); a store away for longer is built anew.
TOMBSTONES_KEPT_MS = 3_000
_MARGIN_MS = 1_500
_NO_STATE = b'{"positions":{},"ledger":{},"stage":null}'


@dataclass(eq=False)
class Files:
    """What a store left on a disk.

    Attributes:
        rows: Its rows.
        offset: The changelog offset of its last write.
        written_ms: When that was.
        owner: The process that has it open.
    """

    rows: dict[bytes, bytes] = field(default_factory=dict)
    offset: int | None = None
    written_ms: int = 0
    owner: Process | None = None


class Disk(dict[Partition, Files]):
    """The stores of one machine, by table and partition.

    Attributes:
        foreign: It is another cluster's: when first opened, its stores are of other tables.
        seen: Which were opened.
    """

    def __init__(self, files: Mapping[Partition, Files] = MappingProxyType({})) -> None:
        super().__init__(files)
        self.foreign = False
        self.seen: set[Partition] = set()

    def copied(self) -> "Disk":
        """As it is now; nothing on it is open."""
        return Disk(
            {
                at: Files(dict(files.rows), files.offset, files.written_ms)
                for at, files in self.items()
            }
        )


class MemoryStore(PartitionStore):
    """A store as the real one, without RocksDB."""

    def __init__(self, files: Files, process: Process, clock_ms: Callable[[], int]) -> None:
        self._files = files
        self._clock_ms = clock_ms
        self._open_by(process)

    @property
    def rows(self) -> dict[bytes, bytes]:
        """All rows."""
        return self._files.rows

    def _open_by(self, process: Process) -> None:
        former = self._files.owner
        assert former is None or not former.alive, "The store is locked by another handle."
        self._files.owner = process
        self._process = process
        self._keys = sorted(self._files.rows)
        self.path = Path("memory")
        self.offset, self.written_ms = self._files.offset, self._files.written_ms

    @property
    def may_lack_tombstones(self) -> bool:
        """Whether deletions may have left the changelog since the last write."""
        away_ms = self._clock_ms() - self.written_ms
        return self.offset is not None and away_ms > TOMBSTONES_KEPT_MS - _MARGIN_MS

    def get_many(self, keys: Sequence[bytes]) -> Sequence[bytes | None]:
        """Values of the keys, in their order."""
        assert self._files.owner is self._process, "The store is closed."
        return [self._files.rows.get(key) for key in keys]

    def scan(
        self, lower: bytes, upper: bytes, limit: int | None = None
    ) -> list[tuple[bytes, bytes]]:
        """Rows with lower <= key < upper in key order, at most ``limit``."""
        assert self._files.owner is self._process, "The store is closed."
        found = self._keys[bisect_left(self._keys, lower) : bisect_left(self._keys, upper)]
        return [(key, self._files.rows[key]) for key in found[:limit]]

    def write(self, changes: Mapping[bytes, bytes | None], offset: int) -> None:
        """Write committed changes and their changelog offset."""
        assert self._files.owner is self._process, "The store is closed."
        rows = self._files.rows
        for key, value in changes.items():
            if value is None:
                if rows.pop(key, None) is not None:
                    del self._keys[bisect_left(self._keys, key)]
            else:
                if key not in rows:
                    insort(self._keys, key)
                rows[key] = value
        self.offset = self._files.offset = offset
        self.written_ms = self._files.written_ms = self._clock_ms()

    def reset(self) -> None:
        """Delete everything and begin anew."""
        self._files.rows.clear()
        self._files.offset, self._files.written_ms = None, 0
        self.close()
        self._open_by(self._process)

    def close(self) -> None:
        """Release the lock."""
        self._files.owner = None


class SimGateway(KafkaGateway):
    """The real gateway, but for the stores."""

    def __init__(self, group: str, link: Link, disk: Disk) -> None:
        super().__init__(group, Path("memory"), bootstrap_servers=link)
        self._link = link
        self._disk = disk

    def store(self, table: str, partition: int) -> PartitionStore:
        """Open the store on this machine's disk."""
        files = self._disk.setdefault((table, partition), Files())
        if self._disk.foreign and (table, partition) not in self._disk.seen:
            self._disk.seen.add((table, partition))
            self._make_foreign(files, changelog_of(table), partition)
        broker = self._link.broker
        return MemoryStore(files, self._link.process, lambda: broker.now_ms)

    def _make_foreign(self, files: Files, topic: str, partition: int) -> None:
        """Give it another lineage and other counts, and an offset that the changelog may have."""
        broker = self._link.broker
        rows, end = files.rows, broker.logs[topic, partition].end
        rows |= {key: b"1000" for key in rows if key[:1] == b"w"}
        state = json.loads(rows.get(STATE_KEY, _NO_STATE)) | {"lineage": "other"}
        rows[STATE_KEY] = json.dumps(state).encode()
        near, far = end - broker.random.randint(0, 3), broker.random.randint(0, end + 2)
        files.offset, files.written_ms = max(broker.random.choice((near, far)), 0), broker.now_ms
