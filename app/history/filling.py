"""Filling the history from the logs, from where it has them.

How far each log was read is committed with its rows, so that a crash leaves both or neither.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from typing import Any

from aiokafka import TopicPartition

from app.audit.arrivals import Arrivals, InnerArrivals, value_row
from app.audit.logs import Ends, Logs
from app.history.store import History
from app.inputs.cluster import partition_counts
from app.topics import (
    CLICK_COUNTS,
    CONVERSION_EVENTS,
    INNER,
    INPUTS,
    LATE_EVENTS,
    UNATTRIBUTED_PURCHASES,
)

#: Outputs that are kept. They are read behind the inner topics: whatever says that a click was late
#: is there when the click is.
OUTPUTS = (CLICK_COUNTS, CONVERSION_EVENTS, UNATTRIBUTED_PURCHASES, LATE_EVENTS)
#: Rows that a transaction holds, about.
_ROWS = 50_000
#: Beyond all offsets.
_EVERYTHING = 1 << 62

_KINDS = dict(zip(INNER, INPUTS, strict=True))
#: The tables with a topic's rows, each with what tells them from others'.
_TABLES: Mapping[str, tuple[tuple[str, str], ...]] = {
    **{
        inner: tuple((table, f"kind = '{kind}'") for table in ("passed", "mark", "foreign_record"))
        for inner, kind in _KINDS.items()
    },
    CLICK_COUNTS: (("count_sent", "true"),),
    CONVERSION_EVENTS: (("outcome", f"topic = '{CONVERSION_EVENTS}'"),),
    UNATTRIBUTED_PURCHASES: (("outcome", f"topic = '{UNATTRIBUTED_PURCHASES}'"),),
    LATE_EVENTS: (("late_sent", "true"),),
}


@dataclass(frozen=True, slots=True)
class Log:
    """How far a log has been read.

    Attributes:
        first: Its first offset when it was read.
        next: The next offset to read.
        last: Offset of the last record that was read; None before there is one.
        last_ms: When that was appended, in epoch ms.
    """

    first: int
    next: int
    last: int | None = None
    last_ms: int | None = None


class Remade(Exception):  # noqa: N818 said of a log; nobody sees it as an error
    """A log is not the one that was read: it was deleted and made anew."""

    def __init__(self, at: TopicPartition) -> None:
        super().__init__(str(at))
        self.at = at


class Filling:
    """Fills a history up to the ends of the logs."""

    def __init__(
        self,
        history: History,
        logs: Logs,
        topic: Callable[[str], str],
        doing: Callable[[int, int], object] = lambda _done, _all: None,
    ) -> None:
        """Prepare.

        Args:
            history: What is filled.
            logs: Where from.
            topic: Full name of a topic.
            doing: Told how many records of how many have been read.
        """
        self._history = history
        self._logs = logs
        self._names = {topic(short): short for short in (*INNER, *OUTPUTS)}
        self._doing = doing
        self._now: dict[TopicPartition, Log] = {}
        self._checked: set[TopicPartition] = set()
        self._arrivals: dict[str, Arrivals] = {}
        self._uncommitted = 0
        self._done = 0
        self._all = 0

    async def fill(self, *, sure: bool) -> None:
        """Read what is new.

        Args:
            sure: Also look whether logs that seem to have nothing new are still the same.

        Raises:
            TopicError: A topic does not exist.
        """
        counts = await partition_counts(self._logs.admin, self._names)
        partitions = [TopicPartition(name, p) for name in self._names for p in range(counts[name])]
        while True:
            try:
                for shorts in (INNER, OUTPUTS):
                    of = [tp for tp in partitions if self._names[tp.topic] in shorts]
                    await self._read(of, sure=sure)
            except Remade as remade:
                self._forget(remade.at)
            else:
                return

    async def _read(self, partitions: Sequence[TopicPartition], *, sure: bool) -> None:
        ends = await self._logs.end_of(partitions)
        starts = await self._logs.start_of(partitions)
        had = self._known()
        begin = {tp: _begin(had.get(tp), starts[tp], ends[tp], sure=sure) for tp in partitions}
        self._done, self._all = 0, sum(ends[tp] - begin[tp] for tp in partitions)
        self._arrivals = {tp.topic: self._taking(tp.topic) for tp in partitions}
        self._now = {tp: had.get(tp, Log(starts[tp], starts[tp])) for tp in partitions}
        self._checked = {tp for tp in partitions if tp in had and begin[tp] == had[tp].last}
        remade = [tp for tp in partitions if _remade(had.get(tp), starts[tp], ends[tp])]
        if remade:
            raise Remade(remade[0])
        with self._history.transaction():
            await self._logs.read(begin, ends, self._take)
            if self._checked:  # what was read of it last is not there any more
                raise Remade(self._checked.pop())
            self._flush()
            # Retention may have deleted records before they were read.
            self._shorten(await self._logs.start_of(partitions))
            now = {tp: replace(log, next=ends[tp]) for tp, log in self._now.items()}
            self._save({tp: log for tp, log in now.items() if log != had.get(tp)})

    def _known(self) -> dict[TopicPartition, Log]:
        full = {short: name for name, short in self._names.items()}
        rows = self._history.rows("FROM log")
        return {TopicPartition(full[topic], p): Log(*rest) for topic, p, *rest in rows}

    def _taking(self, name: str) -> Arrivals:
        short = self._names[name]
        warehouse: Any = self._history  # it executes, appends and runs, as a warehouse does
        if short in _KINDS:
            return InnerArrivals(warehouse, _KINDS[short])
        sql = {CLICK_COUNTS: "keep_counts", LATE_EVENTS: "keep_late"}.get(short, "keep_outcomes")
        return Arrivals(warehouse, sql, short, value_row)

    def _take(self, tp: TopicPartition, records: Sequence[Any]) -> None:
        if not records:
            return
        now = self._now[tp]
        if tp in self._checked:
            self._checked.discard(tp)
            if (records[0].offset, records[0].timestamp) != (now.last, now.last_ms):
                raise Remade(tp)
            records = records[1:]
        if not records:
            return
        last = records[-1]
        self._now[tp] = Log(now.first, last.offset + 1, last.offset, last.timestamp)
        self._arrivals[tp.topic].take(tp, records)
        self._done += len(records)
        self._uncommitted += len(records)
        if self._uncommitted >= _ROWS:
            self._flush()
            self._save(self._now)
            self._history.commit()
        self._doing(self._done, self._all)

    def _flush(self) -> None:
        for arrivals in self._arrivals.values():
            arrivals.flush()
        self._uncommitted = 0

    def _save(self, logs: Mapping[TopicPartition, Log]) -> None:
        rows = [(self._names[tp.topic], tp.partition, *astuple(log)) for tp, log in logs.items()]
        for topic, p, *_ in rows:
            self._history.execute("DELETE FROM log WHERE topic = ? AND p = ?", [topic, p])
        self._history.append("log", rows)

    def _shorten(self, starts: Ends) -> None:
        """Forget what retention has deleted from the logs: every worker then says the same."""
        for tp, log in self._now.items():
            if starts[tp] > log.first:
                self._delete(tp, starts[tp])
                self._now[tp] = replace(log, first=starts[tp])

    def _delete(self, tp: TopicPartition, before: int) -> None:
        for table, ours in _TABLES[self._names[tp.topic]]:
            self._history.execute(
                f"DELETE FROM {table} WHERE {ours} AND p = ? AND o < ?",  # noqa: S608 names of ours
                [tp.partition, before],
            )

    def _forget(self, tp: TopicPartition) -> None:
        with self._history.transaction():
            self._delete(tp, _EVERYTHING)
            self._history.execute(
                "DELETE FROM log WHERE topic = ? AND p = ?", [self._names[tp.topic], tp.partition]
            )


def _begin(had: Log | None, start: int, end: int, *, sure: bool) -> int:
    """Where to read from: the last record that was read, if it is to be looked at again."""
    if had is None or had.last is None:
        return start
    if had.last < start or (end == had.next and not sure):
        return max(start, had.next)
    return had.last


def _remade(had: Log | None, start: int, end: int) -> bool:
    """Whether a log ends, or begins, before what was read of it."""
    return had is not None and (end < had.next or start < had.first)
