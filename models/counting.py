"""Clicks per user in tumbling windows of event time.

Windows are ``[start, start + size)``, aligned to the epoch. A window closes when
``end + grace <= S`` (S: the stage's stream time) and then gives one final count per user. A click
is late when ``end + grace <= streamTime`` of its own record: judged by its own input partition,
so that interleaving can't matter. Only a record that comes back from idleness can be behind S.
A window that closed under a shorter grace stays closed when the grace is raised.
Closed windows are deleted when ``S >= end + grace + retention``.

A row's key is ``w``, the window's start (8 bytes, big-endian), the user; its value the count in
decimal: closing and expiring are range scans, a user's windows a few computed keys. Beside them
are the rows of the window as a whole (:mod:`models.rankings`): a window's users are the rows made
in it, and a late click is in its summary unless it lacked the retention, too: then the window has
expired, by the click's own input partition as by all.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from models import inner, rankings
from models.errors import made_otherwise
from models.inner import Inner, Viewed
from models.rankings import PAGE, PRODUCT, RANKED, SUMMARY, Summary, window_key
from models.stage import MAX_ROWS, InputRecord, Output, Rows, Step, overlaid
from models.timestamps import iso
from models.watermark import StreamTime, StreamTimeState

ROW = b"w"
#: Where the user begins in a row's key.
_USER_AT = 9
#: All kinds of rows, whichever are kept now: one that was kept before must expire, too.
_KINDS = (SUMMARY, ROW, PRODUCT, PAGE)


@dataclass(frozen=True, slots=True)
class WindowRules:
    """The rules of windows; all in milliseconds.

    Attributes:
        size_ms: Length of a window.
        grace_ms: How long after its end a window still takes clicks.
        retention_ms: How long a closed window stays readable.
        emit_late: Send late clicks to late-events.
        count_bots: Count clicks of bots.
        rankings: What is ranked beside users: of ``products`` and ``pages``.
    """

    size_ms: int
    grace_ms: int
    retention_ms: int
    emit_late: bool = True
    count_bots: bool = True
    rankings: Collection[str] = tuple(RANKED)

    def start_of(self, event_ms: int) -> int:
        """Start of the window that the event falls into."""
        return event_ms - event_ms % self.size_ms

    def check(self, state: bytes) -> None:
        """Check that what a stage remembers was made by windows of the same length.

        Raises:
            SettingsError: A window that has begun would hold clicks of two lengths, and some of
                those that closed would never be emitted.
        """
        kept_ms = msgspec.json.decode(state, type=CountingState).size_ms
        if kept_ms != self.size_ms:
            raise made_otherwise("WINDOW_SIZE", f"{kept_ms} ms", f"{self.size_ms} ms")

    def last_closed(self, stream_time_ms: int) -> int:
        """Start of the newest window that is closed at this stream time."""
        latest = stream_time_ms - self.size_ms - self.grace_ms
        return latest - latest % self.size_ms


def row_key(start_ms: int, user: bytes) -> bytes:
    """Key of a user's row in a window."""
    return window_key(ROW, start_ms) + user


def row_parts(key: bytes) -> tuple[int, bytes]:
    """Start (ms) and user of a row's key."""
    return int.from_bytes(key[1:_USER_AT], "big"), key[_USER_AT:]


class CountingState(msgspec.Struct, rename="camel"):
    """What the stage remembers.

    Attributes:
        time: The stage's stream time.
        closed_to: Rows below this key are final; in hexadecimal.
        size_ms: Length of the windows.
    """

    time: StreamTimeState
    closed_to: str
    size_ms: int


_encode = msgspec.json.Encoder().encode


class _Clicks(NamedTuple):
    """A window's clicks of a batch: their users, and the clicks themselves if they are ranked."""

    users: list[bytes]
    ranked: list[Inner]


_NO_CLICKS = _Clicks([], [])


class Counting:
    """The counting stage in one partition.

    Attributes:
        time: The stage's stream time.
    """

    def __init__(self, rules: WindowRules, time: StreamTime, rows: Rows) -> None:
        self.rules = rules
        self.time = time
        self._rows = rows
        self._decode = inner.decode_viewed if "pages" in rules.rankings else inner.decode
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

    def dump(self) -> bytes:
        """Stream time, and up to which row windows were closed."""
        kept = CountingState(self.time.dump(), self._closed_to.hex(), self.rules.size_ms)
        return _encode(kept)

    def step(self, records: Sequence[InputRecord], now_ms: int, *, at_end: bool) -> Step:
        """Count the records, then close and expire what stream time has passed."""
        step = Step()
        clicks, late = self._read(records, step)
        step.count("counted", sum(len(of.users) for of in clicks.values()))
        for start_ms in dict.fromkeys([*clicks, *late]):
            self._add(start_ms, clicks.get(start_ms, _NO_CLICKS), late[start_ms], step)
        step.more = self._close(step) or self._expire(step)
        return step

    def _read(
        self, records: Sequence[InputRecord], step: Step
    ) -> tuple[dict[int, _Clicks], Counter[int]]:
        """Clicks, and how many late ones, by window; all else goes into the step."""
        windows: dict[int, _Clicks] = {}
        late = Counter[int]()
        ranked = bool(self.rules.rankings)
        start_of = self.rules.start_of
        closing_ms = self.rules.size_ms + self.rules.grace_ms
        closed_ms = row_parts(self._closed_to)[0]
        count_bots = self.rules.count_bots
        hear, decode = self.time.hear, self._decode
        for record in records:
            if record.value is None:
                inner.hear(record, self.time, step)
                continue
            if (read := inner.read(record, step, decode)) is None:
                continue
            click, event_ms, stream_ms, q = read
            stage_ms = hear(q, stream_ms, record.timestamp)
            if not count_bots and click.by_bot:
                step.count("skipped")
                continue
            start_ms = start_of(event_ms)
            lacked_ms = max(stream_ms, stage_ms) - start_ms - closing_ms
            if lacked_ms < 0 and start_ms >= closed_ms:
                window = windows.get(start_ms)
                if window is None:
                    window = windows[start_ms] = _Clicks([], [])
                window.users.append(record.key or b"")
                if ranked:
                    window.ranked.append(click)
            else:
                self._late(record, start_ms, max(lacked_ms, 0), step)
                if lacked_ms < self.rules.retention_ms:
                    late[start_ms] += 1
        return windows, late

    def _add(self, start_ms: int, clicks: _Clicks, late: int, step: Step) -> None:
        """Add a batch's clicks to the rows of a window."""
        prefix = row_key(start_ms, b"")
        users = {prefix + user: more for user, more in Counter(clicks.users).items()}
        rows = users | self._ranked(start_ms, clicks.ranked) if clicks.ranked else users
        summary_key = window_key(SUMMARY, start_ms)
        *stored, summary = self._rows.get_many([*rows, summary_key])
        for (key, more), value in zip(rows.items(), stored, strict=True):
            step.changes[key] = b"%d" % (more + int(value or 0))
        made = stored[: len(users)].count(None)
        total = rankings.summary_in(summary) + Summary(len(clicks.users), made, late)
        step.changes[summary_key] = _encode(total)

    def _ranked(self, start_ms: int, clicks: Sequence[Inner]) -> dict[bytes, int]:
        rows: dict[bytes, int] = {}
        if "products" in self.rules.rankings:
            rows |= rankings.product_rows(start_ms, [click.product_id for click in clicks])
        if "pages" in self.rules.rankings:
            pages = [click.page for click in clicks if isinstance(click, Viewed)]
            rows |= rankings.page_rows(start_ms, pages)
        return rows

    def _late(self, record: InputRecord, start_ms: int, lacked_ms: int, step: Step) -> None:
        step.late(lacked_ms)
        if not self.rules.emit_late:
            return
        value = {
            "stage": "count",
            "lateBy": lacked_ms / 1000,
            "windowStart": iso(start_ms),
            "windowEnd": iso(start_ms + self.rules.size_ms),
            "record": msgspec.Raw(record.value or b"null"),
        }
        step.send("late-events", Output(record.key, msgspec.json.encode(value)))

    def _close(self, step: Step) -> bool:
        upper = row_key(max(self.rules.last_closed(self.time.value) + 1, 0), b"")
        if upper <= self._closed_to:
            return False
        found, more = overlaid(self._rows, step.changes, self._closed_to, upper, MAX_ROWS)
        if found:
            step.outputs.setdefault("click-counts", []).extend(self._finals(found))
        self._closed_to = found[-1][0] + b"\0" if more else upper
        return more

    def _finals(self, rows: Iterable[tuple[bytes, bytes]]) -> Iterator[Output]:
        """The counts of rows in key order. The JSON of a window is made once, not for each user."""
        window, rest = b"", b""
        for key, count in rows:
            if key[:_USER_AT] != window:
                window = key[:_USER_AT]
                rest = self._window_json(row_parts(key)[0])
            user = key[_USER_AT:]
            value = b'{"userId":%b,"clickCount":%b,%b' % (_encode(user.decode()), count, rest)
            yield Output(user, value)

    def _window_json(self, start_ms: int) -> bytes:
        end_ms = start_ms + self.rules.size_ms
        return b'"windowStart":"%b","windowEnd":"%b"}' % (
            iso(start_ms).encode(),
            iso(end_ms).encode(),
        )

    def _expire(self, step: Step) -> bool:
        newest = self.rules.last_closed(self.time.value - self.rules.retention_ms)
        if newest <= self._expired_to or step.more:
            return False
        left = MAX_ROWS
        for kind in _KINDS:
            lower, upper = window_key(kind, 0), window_key(kind, newest + 1)
            found, more = overlaid(self._rows, step.changes, lower, upper, left)
            step.changes.update((key, None) for key, _ in found)
            left -= len(found)
            if more:
                return True
        self._expired_to = newest
        return False
