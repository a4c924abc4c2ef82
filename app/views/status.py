"""How the worker is: ``/health``."""

from typing import TYPE_CHECKING

from aiohttp import web

from app.answers import json_answer

if TYPE_CHECKING:
    from app.bootstrap import App
    from app.views import View


def views(app: "App") -> dict[str, "View"]:
    """The views by path."""

    async def health(request: web.Request) -> web.Response:
        return json_answer({"status": "OK"})

    return {"/health": health}
