"""``GET /openapi.json``: the views, described."""

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import yaml
from aiohttp import web

from app.answers import json_answer
from app.views.asking import parameters

if TYPE_CHECKING:
    from app.bootstrap import App
    from app.views import View


@cache
def description() -> Any:
    """The OpenAPI document."""
    return yaml.safe_load(files(__package__).joinpath("openapi.yaml").read_text("utf-8"))


def views(app: "App") -> dict[str, "View"]:
    """The view."""

    async def openapi(request: web.Request) -> web.Response:
        parameters(request)
        return json_answer(description())

    return {"/openapi.json": openapi}
