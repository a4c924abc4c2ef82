"""The web server of the views: any user's id is found, and every answer but a page is JSON."""

import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec
from aiohttp import web
from faust.web.drivers import aiohttp as driver

from app.answers import Refused, json_answer
from app.views import routes

if TYPE_CHECKING:
    from app.bootstrap import App

#: A variable of a route, as Faust writes it.
_VARIABLE = re.compile(r"\{(\w+)\}")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Web(driver.Web):
    """Faust's web server, for ids of any characters, with our views beside its own."""

    #: Faust's page at ``/`` makes room for ours.
    production_blueprints: ClassVar[Any] = []

    def __init__(self, app: "App", **kwargs: Any) -> None:
        super().__init__(app, **kwargs)
        self.web_app.middlewares.append(answer_in_json)
        for path, handler in routes(app).items():
            self.web_app.router.add_get(_open(path), handler)

    def route(self, pattern: str, *args: Any, **kwargs: Any) -> None:
        """Add one of Faust's views."""
        super().route(_open(pattern), *args, **kwargs)


def _open(pattern: str) -> str:
    """A pattern whose variables take what a segment can hold.

    aiohttp's own take no braces, quoted or not, so that a user ``{x}`` would not be found.
    """
    return _VARIABLE.sub(r"{\1:[^/]+}", pattern)


@web.middleware
async def answer_in_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer refusals, and paths or methods that no view has, as the views answer."""
    try:
        return await handler(request)
    except Refused as refused:
        return json_answer({"error": str(refused)}, refused.status, refused.headers)
    except web.HTTPException as error:
        error.body = msgspec.json.encode({"error": error.reason})
        error.content_type = "application/json"
        raise
