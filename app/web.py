"""The web server of the views: any user's id is found, and every answer is JSON."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from aiohttp import web
from faust.web.drivers import aiohttp as driver

#: A variable of a route, as Faust writes it.
_VARIABLE = re.compile(r"\{(\w+)\}")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Web(driver.Web):
    """Faust's web server, for ids of any characters."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.web_app.middlewares.append(answer_in_json)

    def route(self, pattern: str, *args: Any, **kwargs: Any) -> None:
        """Add a view whose variables take what a segment can hold.

        aiohttp's own take no braces, quoted or not, so that a user ``{x}`` would not be found.
        """
        super().route(_VARIABLE.sub(r"{\1:[^/]+}", pattern), *args, **kwargs)


@web.middleware
async def answer_in_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer a path or method that no view has as the views answer: aiohttp does so in text."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        error.body = msgspec.json.encode({"error": error.reason})
        error.content_type = "application/json"
        raise
