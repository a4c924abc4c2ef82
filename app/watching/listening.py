"""Hearing a worker's events, and hearing that there are none."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator

import aiohttp
import msgspec

from app.http import session
from app.settings import Settings
from app.status.shape import Status

#: Seconds without an event after which a worker does not answer.
_PATIENCE_SECONDS = 5.0
#: Seconds until the next try.
_RETRY_SECONDS = 1.0
_DATA = b"data:"
#: Bytes of an event at most: a thousand partitions fit.
_EVENT_BYTES = 16 * 1024 * 1024

Heard = Status | str


async def listen(settings: Settings, url: str) -> AsyncGenerator[Heard, None]:
    """What a worker tells, for ever: how the cluster is, or a sentence why nothing is heard.

    Args:
        settings: How workers are asked.
        url: The worker's address.
    """
    timeout = aiohttp.ClientTimeout(
        total=None, sock_connect=_PATIENCE_SECONDS, sock_read=_PATIENCE_SECONDS
    )
    async with session(settings, timeout, read_bufsize=_EVENT_BYTES) as asking:
        while True:
            try:
                async for status in _events(asking, url):
                    yield status
                yield f"The worker at {url} has ended."
            except (aiohttp.ClientError, TimeoutError, ValueError) as error:
                yield _sentence(url, error)
            await asyncio.sleep(_RETRY_SECONDS)


async def _events(asking: aiohttp.ClientSession, url: str) -> AsyncIterator[Status]:
    async with asking.get(f"{url.rstrip('/')}/events") as answer:
        answer.raise_for_status()
        async for line in answer.content:
            if line.startswith(_DATA):
                yield msgspec.json.decode(line.removeprefix(_DATA), type=Status)


def _sentence(url: str, error: Exception) -> str:
    if isinstance(error, aiohttp.ClientResponseError):
        if error.status in {401, 403}:
            return f"The worker at {url} asks for its token: set CLICKSTREAM_WEB_TOKEN."
        return f"{url} answers with HTTP {error.status}: is it a worker of this version?"
    if isinstance(error, msgspec.DecodeError):
        return f"The worker at {url} tells it otherwise: is it of this version? ({error})"
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return f"No worker answers at {url} ({reason}). Start one, or name another with --url."
