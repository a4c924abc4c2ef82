"""SQL beside the event loop: a query of minutes keeps nobody from ending the command."""

import asyncio
from collections.abc import Callable
from typing import ParamSpec, Protocol, TypeVar

#: Seconds between two looks whether somebody asks to end.
_TURN_SECONDS = 0.1

P = ParamSpec("P")
T = TypeVar("T")


class Database(Protocol):
    """What queries are made of."""

    def interrupt(self) -> None:
        """End the query at hand, from another thread."""


async def beside(
    database: Database,
    proceed: Callable[[], None],
    work: Callable[P, T],
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    """Let something work in a thread, and interrupt its queries where that is to end.

    Args:
        database: That the work alone makes queries of.
        proceed: Raises to end.
        work: What is done.
        args: The work's.
        kwargs: The work's.

    Returns:
        What the work does.
    """
    working = asyncio.create_task(asyncio.to_thread(work, *args, **kwargs))
    try:
        while not working.done():
            proceed()
            await asyncio.wait([working], timeout=_TURN_SECONDS)
    finally:
        while not working.done():  # it may be between two queries
            database.interrupt()
            await asyncio.wait([working], timeout=_TURN_SECONDS)
    return working.result()
