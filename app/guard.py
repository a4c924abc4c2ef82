"""Who is answered by the web views, how many at once, and for how long."""

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import ClassVar

from aiohttp import web
from yarl import URL

from app.answers import Refused, Unavailable
from app.web_security import WebSecurity, is_local

#: Requests that are answered at a time, and streams of events: each holds memory and a task.
MOST_REQUESTS = 64
MOST_STREAMS = 32
#: Seconds that an answer may take; look-ups take milliseconds, the ledger a second or two.
_ANSWER_SECONDS = 30.0

#: What is said to everybody: pages without data, and whether the worker works.
_OPEN = {"/", "/health", "/ready"}
_OPEN_BELOW = "/dashboard"
_STREAMS = "/events"
#: As slow as their disks.
_SLOW_BELOW = "/snapshot/"
_READING = {"GET", "HEAD"}
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Unidentified(Refused):
    """The token is missing, or another."""

    status = HTTPStatus.UNAUTHORIZED
    headers: ClassVar[dict[str, str]] = {"WWW-Authenticate": 'Bearer realm="clickstream"'}


class Misdirected(Refused):
    """The request was meant for a host of another name."""

    status = HTTPStatus.MISDIRECTED_REQUEST


class Foreign(Refused):
    """The request would change something, and may be another site's."""

    status = HTTPStatus.FORBIDDEN


class Guard:
    """Stands before every view of a worker."""

    def __init__(self, security: WebSecurity, bind: str, host: str) -> None:
        """Guard as the settings say.

        Args:
            security: The settings.
            bind: Where the worker listens; the command line may have its own word.
            host: Under which name other workers reach it.
        """
        token = security.web_token
        self._token = None if token is None else token.get_secret_value().encode()
        # Without a token whatever reaches the port may read. A web site that the user of this
        # machine visits does, once its name resolves to 127.0.0.1: but it says its own name.
        alone = token is None and is_local(bind)
        self._hosts = _LOOPBACK | {host.lower()} if alone else None
        self._exposed = token is None and not alone
        self._requests = _Room(MOST_REQUESTS, "requests are being answered")
        self._streams = _Room(MOST_STREAMS, "streams of events are open")

    @web.middleware
    async def admit(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer those who may ask, while there is room.

        Raises:
            Misdirected: The host is none of this worker's names.
            Unidentified: The token is missing, or another.
            Foreign: It would change something, and is another site's, or anybody's.
            Unavailable: There is no room, or the answer takes too long.
        """
        self._check_host(request)
        path = _route_of(request)
        if path in _OPEN or path.startswith(_OPEN_BELOW):
            return await handler(request)
        self._check_token(request)
        if request.method not in _READING:
            self._check_origin(request)
        if path == _STREAMS:
            with self._streams.place():
                return await handler(request)
        with self._requests.place():
            answer = handler(request)
            return await (answer if path.startswith(_SLOW_BELOW) else _in_time(answer))

    def _check_host(self, request: web.Request) -> None:
        named = request.headers.get("Host")
        if self._hosts is None or named is None:
            return
        if _host_of(named) not in self._hosts:
            raise Misdirected(
                "Without a token, a worker that listens to this machine alone is asked by a name "
                "of this machine; the request's Host is another. Ask 127.0.0.1 or localhost, or "
                "set CLICKSTREAM_WEB_TOKEN."
            )

    def _check_token(self, request: web.Request) -> None:
        if self._token is None:
            return
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        known = hmac.compare_digest(given.strip().encode(errors="surrogateescape"), self._token)
        if scheme.lower() != "bearer" or not known:
            raise Unidentified(
                "Data is told to those who send the token alone; it is missing, or another. Send "
                "the header Authorization: Bearer <CLICKSTREAM_WEB_TOKEN>."
            )

    def _check_origin(self, request: web.Request) -> None:
        """A browser lets any site post to any address, and says which site it was."""
        origin = request.headers.get("Origin")
        if origin is not None and origin.partition("://")[2] != request.headers.get("Host"):
            raise Foreign(
                "What changes something is asked for by this worker's own pages or by programs; "
                "the request's Origin is another. Use faust -A app snapshot."
            )
        if self._exposed:
            raise Foreign(
                "What changes something is done for those who send the token alone, where others "
                "reach the worker; it has none. Set CLICKSTREAM_WEB_TOKEN, or listen on 127.0.0.1."
            )


class _Room:
    """So many places."""

    def __init__(self, places: int, taken: str) -> None:
        self._left = places
        self._sentence = f"{places} {taken}, the most at a time: ask again soon."

    @contextmanager
    def place(self) -> Iterator[None]:
        if not self._left:
            raise Unavailable(self._sentence)
        self._left -= 1
        try:
            yield
        finally:
            self._left += 1


async def _in_time(answer: Awaitable[web.StreamResponse]) -> web.StreamResponse:
    deadline = asyncio.timeout(_ANSWER_SECONDS)
    try:
        async with deadline:
            return await answer
    except TimeoutError:
        if not deadline.expired():
            raise
        raise Unavailable(
            f"An answer must be ready within {_ANSWER_SECONDS:.0f} s; this one is not. Ask for "
            "less, or again later."
        ) from None


def _route_of(request: web.Request) -> str:
    """The pattern of the view that was found, not the path: that can be written in many ways."""
    resource = request.match_info.route.resource
    pattern = "" if resource is None else resource.canonical
    return pattern.rstrip("/") or pattern


def _host_of(named: str) -> str | None:
    try:
        host = URL(f"http://{named}").host
    except ValueError:
        return None
    return None if host is None else host.lower()
