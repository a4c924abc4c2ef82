"""The web server of the views: any user's id is found, and every answer but a page is JSON."""

import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, ClassVar, cast

import msgspec
from aiohttp import web
from faust.web.drivers import aiohttp as driver

from app.answers import Refused, json_answer
from app.guard import Guard
from app.views import changes, routes
from app.web_security import is_local
from app.web_server import Runner

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
        self._runner = Runner(self.web_app)
        guard = Guard(app.settings, app.conf.web_bind, app.conf.web_host)
        self.web_app.middlewares.extend([answer_in_json, guard.admit])
        for path, handler in routes(app).items():
            self.web_app.router.add_get(_open(path), handler)
        for path, handler in changes(app).items():
            self.web_app.router.add_post(_open(path), handler)

    async def on_start(self) -> None:
        """Serve, and say so if everybody may read."""
        bind = self.app.conf.web_bind
        if cast("App", self.app).settings.web_token is None and not is_local(bind):
            self.log.warning(
                "Whoever reaches %s:%s may read the web views, users' data among them. Set "
                "CLICKSTREAM_WEB_TOKEN or CLICKSTREAM_WEB_TOKEN_FILE, or listen on 127.0.0.1.",
                bind,
                self.app.conf.web_port,
            )
        await super().on_start()

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
