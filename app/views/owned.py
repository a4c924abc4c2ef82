"""Views of one user's rows: the worker that owns them answers, whichever is asked."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import TYPE_CHECKING

from aiohttp import web

from app.answers import Unavailable, json_answer
from app.peers import ANSWER_SECONDS, ROUTED
from app.reading import Reading, freshness, moving, readings
from app.views.asking import Span, span_of, user_of
from models.partitioning import partition_of
from models.queries import Json

if TYPE_CHECKING:
    from app.bootstrap import App
    from app.views import View

Answer = Callable[[Reading, bytes, Span], Awaitable[Json]]


def of_user(app: "App", table: str, answer: Answer, *parameters: str) -> "View":
    """A view of a user's rows in a table.

    Args:
        app: The application.
        table: The table.
        answer: Gives what the rows say; raises Unknown for a user without any.
        parameters: Parameters of the query that the view takes: of those of a :class:`Span`.
    """

    async def view(request: web.Request) -> web.Response:
        span = span_of(request, *parameters)
        user = user_of(request)
        partition = partition_of(user, app.settings.partitions)
        reading = readings(app.engine, table).get(partition)
        if reading is None:
            return await passed_on(app, request, table, partition)
        found = await answer(reading, user, span)
        fresh = freshness([reading.progress])
        return json_answer({"userId": user.decode(), **found, "freshness": fresh})

    return view


async def passed_on(
    app: "App", request: web.Request, table: str, partition: int, seconds: float = ANSWER_SECONDS
) -> web.Response:
    """The owner's answer. One that was asked by another worker, and is none, must not ask on.

    Args:
        app: The application.
        request: What is passed on.
        table: The table.
        partition: The partition that it is about.
        seconds: How long the owner may take.

    Raises:
        Unavailable: Nobody owns the partition, or its owner does not answer.
    """
    owner = app.peers.owners(table).get(partition)
    if ROUTED in request.headers or owner in {None, app.peers.me}:
        raise moving([partition])
    status, body = await app.peers.ask(
        owner, request.rel_url.raw_path, dict(request.query), request.method, seconds
    )
    retry = Unavailable.headers if status == HTTPStatus.SERVICE_UNAVAILABLE else None
    return web.Response(body=body, status=status, headers=retry, content_type="application/json")
