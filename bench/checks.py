"""What outputs are checked for: every count of every user and window."""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import msgspec

from bench.counts import CLOSING, Counts
from models.timestamps import from_iso


class Count(msgspec.Struct, rename="camel"):
    """What is read of a count.

    Attributes:
        user_id: The user.
        click_count: The count.
        window_start: As text (ISO 8601) or in epoch ms.
        diff: -1 takes back what an update then gives anew, as Pathway does.
    """

    user_id: str
    click_count: int
    window_start: str | int
    diff: int = 1


_decode = msgspec.json.Decoder(Count).decode


@dataclass(slots=True)
class CountsCheck:
    """Each user's window counted once and right; or, of updates, its last one right.

    Attributes:
        expected: What must come out.
        updates: Whether every update of a count is given, instead of one final count.
        counted: What came out so far.
        records: How many counts.
        strangers: How many of them are of no user or window that there is.
    """

    expected: Counts
    updates: bool = False
    counted: Counts = field(init=False)
    records: int = 0
    strangers: int = 0

    def __post_init__(self) -> None:
        self.counted = self.expected.like()

    def take(self, record: Any) -> bool:
        """Take a count; those of closing users, and what is taken back, are not needed."""
        if record.value is None:
            return False
        count = _decode(record.value)
        if count.user_id.startswith(CLOSING) or count.diff < 0:
            return False
        self._add(self.counted.place(_start_ms(count.window_start), count.user_id), count)
        return True

    def _add(self, place: int | None, count: Count) -> None:
        self.records += 1
        if place is None:
            self.strangers += 1
        elif self.updates:
            self.counted.cells[place] = count.click_count
        else:
            self.counted.cells[place] += count.click_count

    def fault(self) -> str | None:
        """What is missing or wrong so far."""
        rows = self.expected.rows()
        # Most often it is only not complete yet: that needs no comparing.
        early = self.records < rows
        wrong = 0 if early else self.expected.differing(self.counted)
        once = self.updates or self.records == rows
        if not early and once and not wrong and not self.strangers:
            return None
        wrong = wrong or self.expected.differing(self.counted)
        how = "right at the last" if self.updates else "once and right"
        return (
            f"Each of {rows:,} users' windows must be counted {how}; got {self.records:,} counts, "
            f"{wrong:,} windows wrong, {self.strangers:,} counts of no such window."
        )


@lru_cache
def _start_ms(start: str | int) -> int:
    return start if isinstance(start, int) else from_iso(start)
