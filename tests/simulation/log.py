"""One partition of a topic: records, control records, and what readers may see of it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from models.stage import Output
from tests.models.fakes import Record

#: What is called when a reader could see more.
Watcher = Callable[[], None]


@dataclass(eq=False)
class Log:
    """A partition's log; its index is the offset.

    Attributes:
        topic: Its topic.
        partition: Its number.
        entries: A record, or None: a control record, or what was aborted or compacted away.
        start: First offset that retention has left.
        open: The first offset of each open transaction, by transactional id.
        watchers: Who waits for more to read, by any name.
        aborted: Records of aborted transactions: only a reader of uncommitted records sees them.
        cleaned_ms: When compaction first came over a tombstone, by offset.
    """

    topic: str
    partition: int
    entries: list[Record | None] = field(default_factory=list)
    start: int = 0
    open: dict[str, int] = field(default_factory=dict)
    watchers: dict[object, Watcher] = field(default_factory=dict)
    aborted: dict[int, Record] = field(default_factory=dict)
    cleaned_ms: dict[int, int] = field(default_factory=dict)

    @property
    def end(self) -> int:
        """The offset that the next record will have."""
        return len(self.entries)

    @property
    def stable_end(self) -> int:
        """Where a reader of committed records has to stop."""
        return min(self.open.values()) if self.open else len(self.entries)

    def append(self, outputs: list[Output], now_ms: int, transaction: str | None = None) -> int:
        """Append records; returns the offset of the first."""
        first = len(self.entries)
        if transaction is not None:
            self.open.setdefault(transaction, first)
        for number, (key, value, _, headers) in enumerate(outputs, first):
            at = (self.topic, self.partition, number, now_ms)
            self.entries.append(Record(*at, key, value, headers))
        if transaction is None:
            self.tell()
        return first

    def end_transaction(self, transaction: str, mine: list[int], *, commit: bool) -> None:
        """Write its control record; what was aborted is not there for readers."""
        for offset in () if commit else mine:
            if (record := self.entries[offset]) is not None:
                self.aborted[offset] = record
            self.entries[offset] = None
        self.entries.append(None)
        del self.open[transaction]
        self.tell()

    def read(self, position: int, most: int) -> tuple[list[Record], int]:
        """Committed records from a position on, and the position after them.

        Args:
            position: Where to begin.
            most: Offsets to go over at most.
        """
        following = min(position + most, self.stable_end)
        found = [entry for entry in self.entries[position:following] if entry is not None]
        return found, max(following, position)

    def read_uncommitted(self, position: int, most: int) -> tuple[list[Record], int]:
        """As :meth:`read`, with the records of open and aborted transactions."""
        following = min(position + most, self.end)
        offsets = range(position, following)
        found = [self.entries[offset] or self.aborted.get(offset) for offset in offsets]
        return [entry for entry in found if entry is not None], max(following, position)

    def committed(self) -> list[Record]:
        """All that a reader of committed records would see."""
        return self.read(self.start, self.end)[0]

    def tell(self) -> None:
        """Wake whoever waits for more."""
        for watcher in list(self.watchers.values()):
            watcher()

    def compact(self, now_ms: int, tombstones_kept_ms: int) -> int:
        """Keep the last record of each key; its tombstone for some time after the first pass.

        Returns:
            How many records are gone.
        """
        seen = self.entries[: self.stable_end]
        last = {record.key: record.offset for record in seen if record is not None}
        gone = 0
        for record in seen:
            if record is None or (last[record.key] == record.offset and record.value is not None):
                continue
            if last[record.key] == record.offset:
                first_ms = self.cleaned_ms.setdefault(record.offset, now_ms)
                if now_ms - first_ms <= tombstones_kept_ms:
                    continue
            self.entries[record.offset] = None
            gone += 1
        return gone
