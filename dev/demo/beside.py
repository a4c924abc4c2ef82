"""Work with company: what runs beside it fails it, and ends with it."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def beside(work: Coroutine[Any, Any, T], *company: Coroutine[Any, Any, None]) -> T:
    """Run work to its end.

    Args:
        work: What it is about.
        company: Coroutines without end that run meanwhile; an error of theirs ends the work.

    Returns:
        What the work returns, once all have ended.
    """
    main = asyncio.create_task(work)
    others = [asyncio.create_task(other) for other in company]
    try:
        done, _ = await asyncio.wait([main, *others], return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
        return main.result()
    finally:
        for task in (main, *others):
            task.cancel()
        await asyncio.gather(main, *others, return_exceptions=True)
