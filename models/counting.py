"""Clicks per user in tumbling windows of event time (:mod:`models.windows`): the counting stage."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from models import rankings
from models.open_windows import OpenWindows, end_of
from models.rankings import PAGE, PRODUCT, SUMMARY, Summary, window_key
from models.revisions import REVISION, Due, Revisions, outputs
from models.stage import MAX_ROWS, InputRecord, Output, Rows, Step, overlaid
from models.timestamps import iso
from models.watermark import StreamTime, watermark_of
from models.window_clicks import ClickReader, Clicks
from models.windows import ROW, CountingState, WindowRules, row_key, row_parts

#: All kinds of rows, whichever are kept now: one that was kept before must expire, too.
_KINDS = (SUMMARY, ROW, REVISION, PRODUCT, PAGE)


_encode = msgspec.json.Encoder().encode


_NO_CLICKS = Clicks([], [])


class Counting:
    """The counting stage in one partition.

    Attributes:
        time: The stage's stream time.
    """

    def __init__(self, rules: WindowRules, time: StreamTime, rows: Rows) -> None:
        self.rules = rules
        self.time = time
        self._rows = rows
        self._clicks = ClickReader(rules, time)
        self._open = OpenWindows(rows)
        self._revisions = Revisions(rows)
        self._begun: set[int] = set()
        self._closed_to = row_key(0, b"")
        self._expired_to = 0

    @property
    def stream_time_ms(self) -> int:
        """The stage's stream time (epoch ms)."""
        return self.time.value

    def restore(self, state: bytes | None) -> None:
        """Go on from :meth:`dump`."""
        if state is not None:
            self.rules.check(state)
            kept = msgspec.json.decode(state, type=CountingState)
            self.time.load(kept.time)
            self._closed_to = bytes.fromhex(kept.closed_to)
        lower, upper = self._closed_to, end_of(ROW)
        while found := self._rows.scan(lower, upper, 1):
            start_ms, _ = row_parts(found[0][0])
            self._begun.add(start_ms)
            lower = row_key(start_ms + 1, b"")
        self._revisions.restore(self._closed_to)
        self._begun |= self._revisions.waiting

    def dump(self) -> bytes:
        """Stream time, and up to which row windows were closed."""
        rules, closed_to = self.rules, self._closed_to.hex()
        return _encode(CountingState(self.time.dump(), closed_to, rules.size_ms, rules.revise_ms))

    def urgent(self, records: Sequence[InputRecord]) -> bool:
        """Whether an input partition has passed the end of a window: then it may close."""
        last_closed = self.rules.last_closed
        closed_ms = last_closed(self.time.value)
        told = [watermark_of(record.headers) for record in records if record.value is None]
        return any(last_closed(of[1]) > closed_ms for of in told if of is not None)

    def step(self, records: Sequence[InputRecord], now_ms: int, *, at_end: bool) -> Step:
        """Count the records, then close and expire what stream time has passed."""
        step = Step()
        found = self._clicks.read(records, self._closed_ms, step)
        step.count("counted", sum(len(of.users) for of in found.on_time.values()))
        touched = sorted(found.on_time.keys() | found.late)
        for start_ms in touched:
            clicks = found.on_time.get(start_ms, _NO_CLICKS)
            self._add(start_ms, clicks, found.late[start_ms], step)
        for start_ms, users in found.revising.items():
            self._revise(start_ms, users, step)
        step.more = self._close(step) or self._expire(step, touched)
        return step

    @property
    def _closed_ms(self) -> int:
        """No window before this takes clicks any more, nor did under a shorter grace."""
        start_ms, user = row_parts(self._closed_to)
        return start_ms + 1 if user else start_ms  # some of its users' counts are final

    def _add(self, start_ms: int, clicks: Clicks, late: int, step: Step) -> None:
        """Add a batch's clicks to the rows of a window."""
        made = 0
        if clicks.users:
            self._begun.add(start_ms)
            users = Counter(clicks.users)
            made = self._open.add(window_key(ROW, start_ms), users, step.changes)
        for kind, names in self._ranked(clicks.ranked):
            self._open.add(window_key(kind, start_ms), names, step.changes)
        summary_key = window_key(SUMMARY, start_ms)
        [summary] = self._rows.get_many([summary_key])
        total = rankings.summary_in(summary) + Summary(len(clicks.users), made, late)
        step.changes[summary_key] = _encode(total)

    def _ranked(self, clicks: Sequence[Any]) -> Iterator[tuple[bytes, Counter[bytes]]]:
        """Clicks by name, for each kind of row that is kept beside the users'."""
        if clicks and "products" in self.rules.rankings:
            yield PRODUCT, rankings.product_names([click.product_id for click in clicks])
        if clicks and "pages" in self.rules.rankings:
            yield PAGE, rankings.page_names([click.page for click in clicks])

    def _revise(self, start_ms: int, users: Counter[bytes], step: Step) -> None:
        """Emit final counts again; those of an open window wait."""
        self._say(
            start_ms, self._revisions.add(start_ms, users, self._closed_to, step.changes), step
        )
        if start_ms in self._revisions.waiting:
            self._begun.add(start_ms)

    def _say(self, start_ms: int, dues: Sequence[Due], step: Step) -> int:
        """Emit counts of a window; returns how many."""
        if not dues:
            return 0
        sent = list(outputs(dues, self._window_json(start_ms)))
        step.outputs.setdefault("click-counts", []).extend(sent)
        return len(sent)

    def _close(self, step: Step) -> bool:
        last_ms = self.rules.last_closed(self.time.value)
        upper = row_key(max(last_ms + 1, 0), b"")
        if upper <= self._closed_to:
            return False
        left = MAX_ROWS
        for start_ms in sorted(start for start in self._begun if start <= last_ms):
            said, last, more = self._close_next(start_ms, left, step)
            left = max(0, left - said)
            if more:
                self._closed_to = row_key(start_ms, b"" if last is None else last + b"\0")
                return True
            self._forget(start_ms)
        self._closed_to = upper
        return False

    def _close_next(self, start_ms: int, most: int, step: Step) -> tuple[int, bytes | None, bool]:
        """Emit the next counts of a window: how many, the last's user, whether there are more."""
        counts, more = self._counts(start_ms, most, step)
        if start_ms in self._revisions.waiting:
            lower = max(row_key(start_ms, b""), self._closed_to)
            dues, more = self._revisions.merged(lower, (counts, more), most, step.changes)
            return self._say(start_ms, dues, step), dues[-1].user if dues else None, more
        if counts:
            step.outputs.setdefault("click-counts", []).extend(self._finals(start_ms, counts))
        return len(counts), counts[-1][0] if counts else None, more

    def _counts(self, start_ms: int, most: int, step: Step) -> tuple[list[tuple[bytes, int]], bool]:
        """The next users of a window that closes, in order, and whether there are more."""
        prefix = window_key(ROW, start_ms)
        lower = max(prefix, self._closed_to)
        held = self._open.held(prefix)
        if held is None:
            rows, more = overlaid(self._rows, step.changes, lower, end_of(prefix), most)
            return [(row_parts(key)[1], int(count)) for key, count in rows], more
        after = row_parts(lower)[1]
        users = sorted([user for user in held if user >= after] if after else held)
        return [(user, held[user]) for user in users[:most]], len(users) > most

    def _forget(self, start_ms: int) -> None:
        self._begun.discard(start_ms)
        self._revisions.waiting.discard(start_ms)
        for kind in _KINDS:
            self._open.forget(window_key(kind, start_ms))

    def _finals(self, start_ms: int, counts: Iterable[tuple[bytes, int]]) -> list[Output]:
        """The final counts of a window. Its JSON is made once, not for each user."""
        rest = self._window_json(start_ms)
        return [
            Output(user, b'{"userId":%b,"clickCount":%d,%b' % (_encode(user.decode()), count, rest))
            for user, count in counts
        ]

    def _window_json(self, start_ms: int) -> bytes:
        end_ms = start_ms + self.rules.size_ms
        return b'"windowStart":"%b","windowEnd":"%b"}' % (
            iso(start_ms).encode(),
            iso(end_ms).encode(),
        )

    def _expire(self, step: Step, touched: Sequence[int]) -> bool:
        """Delete windows; those that the step has touched begin at these times."""
        newest = self.rules.last_closed(self.time.value - self.rules.retention_ms)
        if newest <= self._expired_to or step.more:
            return False
        changes = step.changes if touched and touched[0] <= newest else {}
        left = MAX_ROWS
        for kind in _KINDS:
            lower, upper = window_key(kind, 0), window_key(kind, newest + 1)
            found, more = overlaid(self._rows, changes, lower, upper, left)
            step.changes.update((key, None) for key, _ in found)
            left -= len(found)
            if more:
                return True
        self._expired_to = newest
        return False
