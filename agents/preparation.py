"""What a step waits for before it can be decided, until the task is to end."""

import asyncio
from collections.abc import Awaitable


class Preparation:
    """One wait at a time, which whoever ends the task gives up: nothing was decided yet."""

    def __init__(self) -> None:
        self._waiting: asyncio.Future[None] | None = None

    def __bool__(self) -> bool:
        """Whether a step waits now."""
        return self._waiting is not None

    async def done(self, awaited: Awaitable[None]) -> bool:
        """Wait for what is awaited; False if that was given up."""
        self._waiting = waiting = asyncio.ensure_future(awaited)
        try:
            await asyncio.wait([waiting])
        finally:
            waiting.cancel()
            self._waiting = None
        if waiting.cancelled():
            return False
        waiting.result()
        return True

    def give_up(self) -> None:
        """Wait no longer."""
        if self._waiting is not None:
            self._waiting.cancel()
