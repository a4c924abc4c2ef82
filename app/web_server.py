"""The HTTP server under the web views: its limits, and the headers of its every answer."""

import asyncio
import logging
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web_protocol import RequestHandler

#: Connections at a time; each takes a file descriptor from the stores and from Kafka's clients.
MOST_CONNECTIONS = 256
#: Seconds until a connection is closed on which no request is complete: aiohttp's 3630 s let a few
#: clients that send a header now and then hold all connections.
IDLE_SECONDS = 30.0
#: Bytes of a request's first line and of each header, and the number of headers.
_LINE_BYTES = 8190
_HEADERS = 128
#: Seconds for which a body, which no view reads, is swallowed so that its sender hears the answer.
_LINGER_SECONDS = 1.0

#: Of every answer; the dashboard may say more.
_ALWAYS = {
    "Server": "clickstream",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}

logger = logging.getLogger(__name__)


class Connection(RequestHandler):
    """One client's connection."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the client in, or turn it away at the door."""
        super().connection_made(transport)
        if self._manager is not None and len(self._manager.connections) > MOST_CONNECTIONS:
            self.force_close()

    def handle_error(self, *args: Any, **kwargs: Any) -> web.StreamResponse:
        """Answer what is no HTTP, or a fault of a view."""
        answer = super().handle_error(*args, **kwargs)
        answer.headers.update(_ALWAYS)
        return answer

    def log_exception(self, *args: Any, **kwargs: Any) -> None:
        """Write of faults; what a client sends that is no HTTP is none."""
        if not isinstance(kwargs.get("exc_info"), HttpProcessingError):
            super().log_exception(*args, **kwargs)


class Server(web.Server):
    """Makes connections."""

    def __call__(self) -> RequestHandler:
        """Make one for a client."""
        return Connection(self, loop=self._loop, **self._kwargs)


class Runner(web.AppRunner):
    """Runs an application on our server."""

    def __init__(self, app: web.Application) -> None:
        """Run it with our limits, and without a log of every request."""
        super().__init__(
            app,
            access_log=None,
            keepalive_timeout=IDLE_SECONDS,
            lingering_time=_LINGER_SECONDS,
            max_line_size=_LINE_BYTES,
            max_field_size=_LINE_BYTES,
            max_headers=_HEADERS,
        )
        app.on_response_prepare.append(_say_always)

    async def _make_server(self) -> Server:
        made = await super()._make_server()
        return Server(
            made.request_handler,
            request_factory=made.request_factory,
            loop=made._loop,  # noqa: SLF001 aiohttp makes it
            **made._kwargs,  # noqa: SLF001 the same
        )


async def _say_always(request: web.BaseRequest, answer: web.StreamResponse) -> None:
    answer.headers.update(_ALWAYS)
    answer.headers.setdefault("Cache-Control", "no-store")
