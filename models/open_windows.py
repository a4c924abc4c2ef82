"""The counts of windows that take clicks, in memory: a row is looked up once, not for each batch.

A window's rows are read when it is first touched, and written through: each change is also given
to the step. What would not fit is looked up in the table at each change, as if there were nothing
here. Nothing is remembered here that the table does not have, or will have by the step at hand.
"""

from collections.abc import Mapping

from models.stage import Changes, Rows

#: Rows held at most for one partition: some 20 MB.
MAX_HELD = 100_000
_DIGITS = tuple(b"%d" % n for n in range(1_000))


def end_of(prefix: bytes) -> bytes:
    """The first key behind all that begin with a prefix, which is not all 0xff."""
    stem = prefix.rstrip(b"\xff")
    return stem[:-1] + bytes([stem[-1] + 1])


class OpenWindows:
    """Counts by name, under prefixes of a table's keys: one for each window and kind of row."""

    def __init__(self, rows: Rows, most: int = MAX_HELD) -> None:
        """Begin with nothing held.

        Args:
            rows: The table's committed rows; their values are numbers in decimal.
            most: Rows to hold at most.
        """
        self._rows = rows
        self._room = most
        self._held: dict[bytes, dict[bytes, int] | None] = {}

    def add(self, prefix: bytes, more: Mapping[bytes, int], changes: Changes) -> int:
        """Add to counts.

        Args:
            prefix: Of their keys.
            more: What to add, by name: the rest of the key.
            changes: Takes the rows.

        Returns:
            How many of the rows are new.
        """
        held = self._hold(prefix)
        if held is None:
            return self._add_unheld(prefix, more, changes)
        before = len(held)
        for name, added in more.items():
            held[name] = count = held.get(name, 0) + added
            changes[prefix + name] = _DIGITS[count] if count < len(_DIGITS) else b"%d" % count
        made = len(held) - before
        self._room -= made
        if self._room < 0:
            self._let_go(prefix)
        return made

    def _add_unheld(self, prefix: bytes, more: Mapping[bytes, int], changes: Changes) -> int:
        keys = [prefix + name for name in more]
        stored = self._rows.get_many(keys)
        for key, added, value in zip(keys, more.values(), stored, strict=True):
            changes[key] = b"%d" % (added + int(value or 0))
        return stored.count(None)

    def _hold(self, prefix: bytes) -> dict[bytes, int] | None:
        if prefix not in self._held:
            found = self._rows.scan(prefix, end_of(prefix), self._room + 1)
            fits = len(found) <= self._room
            at = len(prefix)
            self._held[prefix] = {key[at:]: int(value) for key, value in found} if fits else None
            self._room -= len(found) if fits else 0
        return self._held[prefix]

    def _let_go(self, prefix: bytes) -> None:
        self._room += len(self._held[prefix] or ())
        self._held[prefix] = None

    def held(self, prefix: bytes) -> Mapping[bytes, int] | None:
        """The counts under a prefix, or None where only the table has them all."""
        return self._held.get(prefix)

    def forget(self, prefix: bytes) -> None:
        """Hold nothing more of a prefix: its window has closed."""
        self._room += len(self._held.pop(prefix, None) or ())
