"""Clicks by user and window, compactly: what is expected, and what somebody counted."""

from array import array
from dataclasses import dataclass, field
from typing import Self

#: Begins the names of users whose clicks only close the windows: theirs are not compared.
CLOSING = "closing-"
#: Begins the names of all others; a number follows.
USER = "user-"


@dataclass(slots=True)
class Counts:
    """A count for each user and window, four bytes each.

    Attributes:
        users: How many users there are.
        start_ms: Start of the first window.
        window_ms: Length of a window.
        windows: How many there are.
        closing: How many clicks of closing users there are, each in a window of its own.
        cells: The counts, by user, then window.
    """

    users: int
    start_ms: int
    window_ms: int
    windows: int
    closing: int = 0
    cells: "array[int]" = field(init=False)

    def __post_init__(self) -> None:
        self.cells = array("I", bytes(4 * self.users * self.windows))

    def like(self) -> Self:
        """An empty one of the same users and windows."""
        return type(self)(self.users, self.start_ms, self.window_ms, self.windows, self.closing)

    def place(self, start_ms: int, user: str) -> int | None:
        """The cell of a user and window; None where there is none."""
        window, beside = divmod(start_ms - self.start_ms, self.window_ms)
        number = user.removeprefix(USER)
        if beside or not 0 <= window < self.windows or not number.isdigit():
            return None
        return int(number) * self.windows + window if int(number) < self.users else None

    def rows(self) -> int:
        """How many users' windows have clicks, without the closing ones."""
        return len(self.cells) - self.cells.count(0)

    def __len__(self) -> int:
        """How many rows a table of the counts has, with the closing users'."""
        return self.rows() + self.closing

    def total(self) -> int:
        """The sum of all counts, with the closing users'."""
        return sum(self.cells) + self.closing

    def differing(self, other: Self) -> int:
        """How many users' windows have another count there."""
        if self.cells == other.cells:
            return 0
        return sum(mine != its for mine, its in zip(self.cells, other.cells, strict=True))
