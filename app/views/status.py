"""How the cluster is: ``/status``, ``/events``, ``/health`` and ``/ready``."""

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING

import msgspec
from aiohttp import web

from app.answers import RETRY_SECONDS, Misasked, json_answer
from app.status.shape import Health, State

if TYPE_CHECKING:
    from app.bootstrap import App
    from app.views import View

#: Seconds between events.
_EVENT_SECONDS = 1.0
#: A worker in one of these is of no use until it is started anew.
_DEAD = {State.STALLED}
_SCOPES = ("cluster", "worker")


def views(app: "App") -> dict[str, "View"]:
    """The views by path."""

    async def status(request: web.Request) -> web.Response:
        scope = request.query.get("scope", _SCOPES[0])
        if scope not in _SCOPES:
            raise Misasked(f"scope is one of {', '.join(_SCOPES)}; got {scope[:80]!r}. Correct it.")
        return json_answer(app.cluster.mine() if scope == "worker" else await app.cluster.whole())

    async def events(request: web.Request) -> web.StreamResponse:
        return await _stream(app, request)

    async def health(request: web.Request) -> web.Response:
        mine = app.cluster.health()
        if mine.state in _DEAD:
            return _not_well("stalled", mine)
        return json_answer({"status": "ok", "problems": mine.problems})

    async def ready(request: web.Request) -> web.Response:
        mine = app.cluster.health()
        bound = app.settings.ready_lag
        if mine.state is not State.WORKING or mine.lag is None or mine.lag > bound:
            return _not_well(mine.state if mine.state is not State.WORKING else "lagging", mine)
        return json_answer({"status": "ok", "problems": mine.problems, "lag": mine.lag})

    return {"/status": status, "/events": events, "/health": health, "/ready": ready}


def _not_well(status: str, mine: Health) -> web.Response:
    return json_answer(
        {"status": status, "problems": mine.problems, "lag": mine.lag},
        HTTPStatus.SERVICE_UNAVAILABLE,
        {"Retry-After": str(RETRY_SECONDS)},
    )


async def _stream(app: "App", request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(
        headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
    )
    await response.prepare(request)
    if request.method == "HEAD":
        return response
    await response.write(b"retry: 1000\n\n")
    while not app.should_stop:
        whole = msgspec.json.encode(await app.cluster.whole())
        try:
            await response.write(b"event: status\ndata: %b\n\n" % whole)
        except ConnectionError:
            break  # the listener has gone
        await asyncio.sleep(_EVENT_SECONDS)
    return response
