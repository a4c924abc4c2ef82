"""``as_of`` and ``known_at``: what a view of a user would have said, from the logs.

Any worker answers: the logs are everybody's.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from aiohttp import web

from app.answers import Gone, Unknown, json_answer
from app.history.errors import Forgotten, Stranger
from app.history.past import Moment, Past
from app.views.asking import Span, parameters, past_moment, span_in, user_of
from models.queries import Json
from models.timestamps import iso

if TYPE_CHECKING:
    from app.bootstrap import App
    from app.views import View

_MOMENTS = {"as_of", "known_at"}

Answer = Callable[[Past, bytes, Moment, Span], Json]


def with_past(app: "App", present: "View", answer: Answer) -> "View":
    """A view that also answers about the past.

    Args:
        app: The application.
        present: Answers where nothing of the past is asked for.
        answer: Gives what the logs say of a known user.
    """

    async def view(request: web.Request) -> web.StreamResponse:
        if _MOMENTS.isdisjoint(request.query):
            return await present(request)
        asked = parameters(request, *sorted(_MOMENTS), "from", "to", "limit")
        moment, span, user = past_moment(asked), span_in(asked), user_of(request)
        try:
            found = await app.history.ask(lambda past: _found(past, user, moment, span, answer))
        except Forgotten as error:
            raise Gone(str(error)) from None
        except Stranger as error:
            raise Unknown(str(error)) from None
        return json_answer({"userId": user.decode(), **found, **_told(moment)})

    return view


def since(since_ms: int | None) -> Json:
    """From when on an answer has everything; null for the beginning of the logs."""
    return {"since": None if since_ms is None else iso(since_ms)}


def _told(moment: Moment) -> Json:
    return {"knownAt" if moment.known else "asOf": iso(moment.at_ms)}


def _found(past: Past, user: bytes, moment: Moment, span: Span, answer: Answer) -> Json:
    found = answer(past, user, moment, span)
    past.check_known(user)
    return found
