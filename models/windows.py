"""The rules of windows, the keys of a window's rows, and what the counting stage remembers.

Windows are ``[start, start + size)``, aligned to the epoch. A window closes when
``end + grace <= S`` (S: the stage's stream time) and then gives one final count per user. A click
is late when ``end + grace <= streamTime`` of its own record: judged by its own input partition,
so that interleaving can't matter. Only a record that comes back from idleness can be behind S.
A window that closed under a shorter grace, or began to, stays closed when the grace is raised; a
click lacks for it what it did then, at least, so that a window that expired is not revised.
Closed windows are deleted when ``S >= end + grace + retention``.

A row's key is ``w``, the window's start (8 bytes, big-endian), the user; its value the count in
decimal: closing and expiring are range scans, a user's windows a few computed keys. Beside them
are the rows of the window as a whole (:mod:`models.rankings`): a window's users are the rows made
in it, and a late click is in its summary unless it lacked the retention, too: then the window has
expired, by the click's own input partition as by all.
"""

from collections.abc import Collection
from dataclasses import dataclass

import msgspec

from models.errors import check_revise, made_otherwise
from models.rankings import RANKED, window_key
from models.watermark import StreamTimeState

ROW = b"w"
#: Where the user begins in a row's key.
USER_AT = 9


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
        revise_ms: A click late by less than this revises its count (:mod:`models.revisions`).
    """

    size_ms: int
    grace_ms: int
    retention_ms: int
    emit_late: bool = True
    count_bots: bool = True
    rankings: Collection[str] = tuple(RANKED)
    revise_ms: int = 0

    def start_of(self, event_ms: int) -> int:
        """Start of the window that the event falls into."""
        return event_ms - event_ms % self.size_ms

    def check(self, state: bytes) -> None:
        """Check that what a stage remembers was made by the same rules.

        Raises:
            SettingsError: A window that has begun would hold clicks of two lengths, and some of
                those that closed would never be emitted; or revisions would have gaps.
        """
        kept = msgspec.json.decode(state, type=CountingState)
        if kept.size_ms != self.size_ms:
            raise made_otherwise("WINDOW_SIZE", f"{kept.size_ms} ms", f"{self.size_ms} ms")
        check_revise(kept.revise_ms, self.revise_ms)

    def last_closed(self, stream_time_ms: int) -> int:
        """Start of the newest window that is closed at this stream time."""
        latest = stream_time_ms - self.size_ms - self.grace_ms
        return latest - latest % self.size_ms


def row_key(start_ms: int, user: bytes) -> bytes:
    """Key of a user's row in a window."""
    return window_key(ROW, start_ms) + user


def row_parts(key: bytes) -> tuple[int, bytes]:
    """Start (ms) and user of a row's key."""
    return int.from_bytes(key[1:USER_AT], "big"), key[USER_AT:]


class CountingState(msgspec.Struct, rename="camel", omit_defaults=True):
    """What the stage remembers.

    Attributes:
        time: The stage's stream time.
        closed_to: Rows below this key are final; in hexadecimal.
        size_ms: Length of the windows.
        revise_ms: Clicks that were late by less than this revised their counts.
    """

    time: StreamTimeState
    closed_to: str
    size_ms: int
    revise_ms: int = 0
