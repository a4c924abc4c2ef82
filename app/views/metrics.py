"""``GET /metrics``: this worker's metrics, as Prometheus scrapes them."""

from typing import TYPE_CHECKING

from aiohttp import web
from aiohttp.hdrs import ACCEPT, CONTENT_TYPE

if TYPE_CHECKING:
    from app.bootstrap import App
    from app.views import View


def views(app: "App") -> dict[str, "View"]:
    """The view by its path."""

    async def metrics(request: web.Request) -> web.Response:
        body, content_type = app.metrics.render(request.headers.get(ACCEPT, ""))
        return web.Response(body=body, headers={CONTENT_TYPE: content_type})

    return {"/metrics": metrics}
