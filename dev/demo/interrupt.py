"""Ctrl-C, SIGTERM and SIGHUP: the first ends the demo in order, later ones wait for that."""

import asyncio
import signal
from collections.abc import Coroutine
from types import FrameType
from typing import Any, TypeVar

T = TypeVar("T")

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_SIGNALLED = 128
"""What shells add to a signal's number to make the exit code."""


class Interrupt:
    """Whether someone asked the demo to end, and what that ends.

    Attributes:
        number: The first signal heard, or None.
    """

    def __init__(self) -> None:
        self.number: int | None = None
        self._cancel: asyncio.Task[Any] | None = None

    def listen(self) -> None:
        """Take the signals from now on."""
        for number in _SIGNALS:
            signal.signal(number, self._heard)

    @property
    def exit_code(self) -> int:
        """What the process ends with: 0 if no signal was heard."""
        return 0 if self.number is None else _SIGNALLED + self.number

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine that a signal cancels.

        Raises:
            KeyboardInterrupt: A signal was heard, and the coroutine has cleaned up.
        """
        try:
            return asyncio.run(self._cancellable(work))
        except asyncio.CancelledError:
            raise KeyboardInterrupt from None

    async def _cancellable(self, work: Coroutine[Any, Any, T]) -> T:
        self._cancel = asyncio.current_task()
        try:
            return await work
        finally:
            self._cancel = None

    def _heard(self, number: int, _frame: FrameType | None) -> None:
        if self.number is not None:
            return  # It is stopping already, and what it started must be ended.
        self.number = number
        if self._cancel is None:
            raise KeyboardInterrupt
        self._cancel.get_loop().call_soon_threadsafe(self._cancel.cancel)
