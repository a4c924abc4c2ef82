"""SQL beside the event loop: a query of minutes keeps nobody from ending the command."""

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from app.audit.warehouse import Warehouse

#: Seconds between two looks whether somebody asks to end.
_TURN_SECONDS = 0.1

P = ParamSpec("P")
T = TypeVar("T")


async def beside(
    warehouse: Warehouse,
    proceed: Callable[[], None],
    work: Callable[P, T],
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    """Let something work in a thread, and interrupt its queries where that is to end.

    Args:
        warehouse: That the work alone makes queries of.
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
            warehouse.interrupt()
            await asyncio.wait([working], timeout=_TURN_SECONDS)
    return working.result()
