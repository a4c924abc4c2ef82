"""What a reader makes of its lines, handed over in small portions."""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Protocol, TypeVar

from app.inputs.errors import DamagedFileError
from app.inputs.rows import Item, Reader

#: Rows that wait between the reading of standard input and its sending.
_WAITING_ROWS = 20_000

#: Seconds until an exhausted or overfull side looks again.
_POLL_S = 0.02


T = TypeVar("T")


class Feed(Protocol):
    """Rows in portions.

    Attributes:
        done: Whether all was taken.
        damage: Why the reading ended early, if it did.
    """

    done: bool
    damage: DamagedFileError | None

    def take(self, limit: int) -> list[Item | None]:
        """The next rows, at most ``limit``; none can mean that none has come yet."""
        ...


class FileFeed:
    """Rows of a file, read when asked for: the file's position is that of the last taken."""

    def __init__(self, reader: Reader) -> None:
        """Take the reader."""
        self.done = False
        self.damage: DamagedFileError | None = None
        self._rows = iter(reader)

    def take(self, limit: int) -> list[Item | None]:
        """The next rows; fewer than ``limit`` only at the end."""
        taken: list[Item | None] = []
        try:
            for row in self._rows:
                taken.append(row)
                if len(taken) == limit:
                    return taken
        except DamagedFileError as error:
            self.damage = error
        self.done = True
        return taken


class PipeFeed:
    """Rows of a pipe, read by a thread of its own: what came is sent though more is awaited."""

    def __init__(self, reader: Reader) -> None:
        """Start reading; the thread ends with the process."""
        self.done = False
        self.damage: DamagedFileError | None = None
        self._rows: deque[Item | None] = deque()
        self._thread = threading.Thread(target=self._read, args=(reader,), daemon=True)
        self._thread.start()

    def take(self, limit: int) -> list[Item | None]:
        """The rows that came since."""
        ended = not self._thread.is_alive()
        taken = [self._rows.popleft() for _ in range(min(limit, len(self._rows)))]
        self.done = ended and not self._rows
        return taken

    def _read(self, reader: Reader) -> None:
        try:
            for row in reader:
                self._rows.append(row)
                while len(self._rows) > _WAITING_ROWS:
                    time.sleep(_POLL_S)
        except DamagedFileError as error:
            self.damage = error


async def aside(work: Callable[[], T], give_up: Callable[[], bool]) -> T | None:
    """Do work that may wait for a pipe, in a thread that ends with the process.

    Args:
        work: What to do.
        give_up: Asked many times a second whether to wait no longer.

    Returns:
        The work's result, or None if it was given up.
    """
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 it is raised again where it is awaited.
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    while not future.done():
        if give_up():
            return None
        await asyncio.sleep(_POLL_S)
    return future.result()
