"""Counts that are emitted again for late clicks, under the late policy ``revise``.

A click that is late by less than the horizon revises the count of its user in its window: the k-th
gives a record with ``revision`` k and ``clickCount = final + k``, where the final count (which has
no ``revision``) holds the clicks on time alone. Each has a record of its own, so that the records
are the same in whatever batches and order the clicks were read. A user with late clicks only has
no final count. While the window is open, for slower input partitions, revisions wait for its
closing: the final count comes first.

A row's key is ``r``, the window's start (8 bytes, big-endian), the user; its value k in decimal.
Rows from the place on up to which windows were closed wait; all before were emitted. They
expire with their window.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import msgspec

from models.open_windows import end_of
from models.rankings import window_key
from models.stage import Changes, Output, Rows, overlaid
from models.windows import row_key, row_parts

REVISION = b"r"

_encode = msgspec.json.Encoder().encode


class Due(NamedTuple):
    """What is to be said of a user in a window.

    Attributes:
        user: The user's id.
        final: The final count; 0 without clicks on time.
        revisions: Which are to be emitted; 0 is the final count.
    """

    user: bytes
    final: int
    revisions: range


def revision_key(row_key: bytes) -> bytes:
    """Key of the revisions of the count with this key."""
    return REVISION + row_key[1:]


def outputs(dues: Iterable[Due], window: bytes) -> Iterator[Output]:
    """The records of counts.

    Args:
        dues: What is to be said.
        window: The window's part of the JSON, with its closing brace.
    """
    revised = window.removesuffix(b"}") + b',"revision":%d}'
    for user, final, revisions in dues:
        of_user = b'{"userId":%b,"clickCount":%%d,' % _encode(user.decode()).replace(b"%", b"%%")
        for revision in revisions:
            counted = of_user % (final + revision)
            yield Output(user, counted + (revised % revision if revision else window))


class Revisions:
    """How often the counts of one partition were revised.

    Attributes:
        waiting: Starts (ms) of the windows whose revisions wait for their closing.
    """

    def __init__(self, rows: Rows) -> None:
        """Begin with none waiting; the rows are the table's committed ones."""
        self.waiting: set[int] = set()
        self._rows = rows

    def restore(self, closed_to: bytes) -> None:
        """Find what waits: the rows of counts below this key are final."""
        lower, upper = revision_key(closed_to), end_of(REVISION)
        while found := self._rows.scan(lower, upper, 1):
            start_ms, _ = row_parts(found[0][0])
            self.waiting.add(start_ms)
            lower = window_key(REVISION, start_ms + 1)

    def add(
        self, start_ms: int, clicks: Mapping[bytes, int], closed_to: bytes, changes: Changes
    ) -> list[Due]:
        """Take late clicks of a window; what is to be said at once, of counts that are final.

        Args:
            start_ms: Start of the window.
            clicks: How many of them, by user.
            closed_to: Rows of counts below this key are final.
            changes: Takes the rows.
        """
        keys = [row_key(start_ms, user) for user in clicks]
        finals = self._rows.get_many(keys)
        before = self._rows.get_many([revision_key(key) for key in keys])
        due = []
        for key, final, had, added in zip(keys, finals, before, clicks.values(), strict=True):
            first = int(had or 0) + 1
            changes[revision_key(key)] = b"%d" % (first + added - 1)
            if key < closed_to:
                due.append(Due(row_parts(key)[1], int(final or 0), range(first, first + added)))
            else:
                self.waiting.add(start_ms)
        return due

    def merged(
        self,
        lower: bytes,
        counts: tuple[list[tuple[bytes, int]], bool],
        most: int,
        changes: Changes,
    ) -> tuple[list[Due], bool]:
        """What is to be said next of the users of a window that closes, in order.

        A user is dealt with as a whole, so that the last one may go beyond what is allowed.

        Args:
            lower: Key of a count: all users of the window from here on.
            counts: The next users with clicks on time, and whether there are more.
            most: Records to say at most.
            changes: Uncommitted rows.

        Returns:
            What is to be said, and whether there is more.
        """
        start_ms, _ = row_parts(lower)
        end = end_of(window_key(REVISION, start_ms))
        found, more = overlaid(self._rows, changes, revision_key(lower), end, most)
        late = {row_parts(key)[1]: int(value) for key, value in found}
        on_time = dict(counts[0])
        dues: list[Due] = []
        said = 0
        # A list that was cut has as many users as records may be said: it is not read to its end.
        for user in sorted(late.keys() | on_time):
            if said >= most:
                return dues, True
            final = on_time.get(user, 0)
            dues.append(Due(user, final, range(0 if final else 1, late.get(user, 0) + 1)))
            said += len(dues[-1].revisions)
        return dues, more or counts[1]
