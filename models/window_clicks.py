"""Batches of enriched clicks, read into the windows of event time that they fall into.

Most often a batch is as it should be: then it is read many records at a time (:meth:`_read_all`),
which must come to what reading one by one does (:meth:`_read_each`).
"""

from bisect import bisect
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from operator import lt
from typing import Any, NamedTuple

import msgspec

from models import inner
from models.inner import Columns, Inner, Reader, Stamped, Viewed
from models.stage import InputRecord, Output, Step, chunks
from models.timestamps import iso, moment_of, ms_of
from models.watermark import StreamTime
from models.windows import WindowRules

#: Windows that records read at a time fall into, as a rule; they are told by comparing.
_FEW_WINDOWS = 16


class Clicks(NamedTuple):
    """A window's clicks of a batch: their users, and the clicks themselves if they are ranked."""

    users: list[bytes]
    ranked: list[Any]


class Found(NamedTuple):
    """What is in a batch, by window start (ms).

    Attributes:
        on_time: Clicks that count.
        late: How many late ones did not lack the retention, too.
        revising: Users of those late ones that revise counts.
    """

    on_time: defaultdict[int, Clicks]
    late: Counter[int]
    revising: defaultdict[int, Counter[bytes]]


def _fields(ranked: Collection[str]) -> type[Stamped]:
    """What must be read of a click to rank these."""
    if "pages" in ranked:
        return Viewed
    return Inner if ranked else Stamped


class ClickReader:
    """Reads clicks, and tells the stage's time what they and the signals among them tell."""

    def __init__(self, rules: WindowRules, time: StreamTime) -> None:
        """Read by these rules, for a stage with this time."""
        self._rules = rules
        self._time = time
        self._reader: Reader[Any] = Reader(_fields(rules.rankings))

    def read(self, records: Sequence[InputRecord], closed_ms: int, step: Step) -> Found:
        """Read a batch.

        Args:
            records: Clicks and signals.
            closed_ms: Windows that start before take no clicks any more.
            step: Takes all that does not fall into windows, and late events.
        """
        found = Found(defaultdict(lambda: Clicks([], [])), Counter(), defaultdict(Counter))
        for chunk in chunks(records):
            columns = self._reader.columns([r for r in chunk if r.value is not None])
            if not self._read_all(chunk, columns, closed_ms, found, step):
                self._read_each(chunk, columns, closed_ms, found, step)
        return found

    def _read_all(
        self,
        records: Sequence[InputRecord],
        read: Columns[Any] | None,
        closed_ms: int,
        found: Found,
        step: Step,
    ) -> bool:
        """Read clicks, if all are on time and no input partition is, or was, idle; else nothing.

        Then S does not matter to any of them, and is told of all at once.
        """
        if read is None or not (self._rules.count_bots and self._time.awake):
            return False
        starts = self._starts(read.events)
        if starts and not self._on_time(starts, read, closed_ms):
            return False
        if not inner.hear_all(records, read, self._time, step):
            return False
        self._group(starts, read, found.on_time)
        return True

    def _starts(self, events: Sequence[datetime]) -> list[int]:
        """The windows (ms) that events fall into."""
        if not events:
            return []
        start_of, size_ms = self._rules.start_of, self._rules.size_ms
        first_ms, last_ms = start_of(ms_of(min(events))), start_of(ms_of(max(events)))
        starts = range(first_ms, last_ms + 1, size_ms)
        if len(starts) > _FEW_WINDOWS:
            return [start_of(ms_of(event)) for event in events]
        bounds = [moment_of(start_ms) for start_ms in starts[1:]]
        return [starts[bisect(bounds, event)] for event in events] if bounds else [first_ms]

    def _on_time(self, starts: list[int], read: Columns[Any], closed_ms: int) -> bool:
        """Whether all clicks came before their windows closed; most often they are that close."""
        closing_ms = self._rules.size_ms + self._rules.grace_ms
        first_ms = min(starts)
        if first_ms < closed_ms:
            return False
        if ms_of(max(read.streams)) - first_ms < closing_ms:
            return True
        if len(starts) == 1:
            return False
        closes = {start_ms: moment_of(start_ms + closing_ms) for start_ms in set(starts)}
        return all(map(lt, read.streams, [closes[start_ms] for start_ms in starts]))

    def _group(self, starts: list[int], read: Columns[Any], windows: dict[int, Clicks]) -> None:
        """Add clicks to their windows; a single start is that of all."""
        ranked = bool(self._rules.rankings)
        if len(starts) == 1:
            users, clicks = windows[starts[0]]
            users.extend(read.keys)
            clicks.extend(read.fields if ranked else ())
            return
        for start_ms, key in zip(starts, read.keys, strict=True):
            windows[start_ms].users.append(key)
        if ranked:
            for start_ms, click in zip(starts, read.fields, strict=True):
                windows[start_ms].ranked.append(click)

    def _read_each(
        self,
        records: Sequence[InputRecord],
        columns: Columns[Any] | None,
        closed_ms: int,
        found: Found,
        step: Step,
    ) -> None:
        """Read clicks, whatever the records are."""
        rules = self._rules
        ranked, count_bots, size_ms = bool(rules.rankings), rules.count_bots, rules.size_ms
        closing_ms = size_ms + rules.grace_ms
        windows, hear = found.on_time, self._time.hear
        for record, read in zip(records, self._reader.read(records, columns, step), strict=True):
            if read is None:
                if record.value is None:
                    inner.hear(record, self._time, step)
                continue
            click, event_ms, stream_ms, q = read
            stage_ms = hear(q, stream_ms, record.timestamp)
            if click.bot is True and not count_bots:
                step.count("skipped")
                continue
            start_ms = event_ms - event_ms % size_ms
            known_ms = stage_ms if stage_ms > stream_ms else stream_ms  # noqa: FURB136 max() is a call
            lacked_ms = known_ms - start_ms - closing_ms
            if lacked_ms < 0 and start_ms >= closed_ms:
                window = windows[start_ms]
                window.users.append(record.key or b"")
                if ranked:
                    window.ranked.append(click)
            else:
                # Under a shorter grace windows up to closed_ms had closed, so it lacked as much.
                lacked_ms = max(lacked_ms, closed_ms - 1 - start_ms)
                self._late(record, start_ms, lacked_ms, found, step)

    def _late(
        self, record: InputRecord, start_ms: int, lacked_ms: int, found: Found, step: Step
    ) -> None:
        if lacked_ms < self._rules.retention_ms:
            found.late[start_ms] += 1
        if lacked_ms < self._rules.revise_ms:
            step.revised(lacked_ms)
            found.revising[start_ms][record.key or b""] += 1
        else:
            self._refuse(record, start_ms, lacked_ms, step)

    def _refuse(self, record: InputRecord, start_ms: int, lacked_ms: int, step: Step) -> None:
        step.late(lacked_ms)
        if not self._rules.emit_late:
            return
        value = {
            "stage": "count",
            "lateBy": lacked_ms / 1000,
            "windowStart": iso(start_ms),
            "windowEnd": iso(start_ms + self._rules.size_ms),
            "record": msgspec.Raw(record.value or b"null"),
        }
        step.send("late-events", Output(record.key, msgspec.json.encode(value)))
