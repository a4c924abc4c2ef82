"""What a request may ask for: its parameters, read and held against their rules."""

import re
from typing import NamedTuple, NoReturn

from aiohttp import web

from app.answers import Misasked
from app.history.past import Moment
from app.scatter import SCOPE
from models.errors import shown
from models.fields import MAX_ID_BYTES
from models.timestamps import MAX_MS, MIN_MS, instant_ms

#: Windows, conversions or ranks that an answer has at most: some hundred kilobytes.
MAX_LIMIT = 1_000

_INTEGER = re.compile(r"-?[0-9]{1,18}")


class Span(NamedTuple):
    """Part of event time, ``[from_ms, to_ms)``, and how much of it to give.

    Attributes:
        from_ms: First instant (epoch ms).
        to_ms: The instant after the last (epoch ms).
        limit: The newest so many.
    """

    from_ms: int
    to_ms: int
    limit: int


def parameters(request: web.Request, *known: str) -> dict[str, str]:
    """The query's parameters.

    Raises:
        Misasked: One is unknown, or given twice.
    """
    asked: dict[str, str] = {}
    for name, value in request.query.items():
        if name not in known:
            takes = f"{', '.join(known)} as parameters" if known else "no parameters"
            _refuse(f"This view takes {takes}", name, "Leave it out or correct its name.")
        if name in asked:
            _refuse("A parameter is given once", f"{name}={value}", "Leave one of them out.")
        asked[name] = value
    return asked


def instant(name: str, text: str) -> int:
    """An instant in epoch ms.

    Raises:
        Misasked: The text is none.
    """
    try:
        return instant_ms(text)
    except ValueError:
        _refuse(
            f"{name} is a time of the years 1 to 9999, as ISO-8601 or epoch milliseconds",
            text,
            "Write it as 2000-01-01T00:00:00Z, and a + of an offset as %2B.",
        )


def limit_of(asked: dict[str, str], default: int) -> int:
    """How much to give.

    Raises:
        Misasked: It is no number from 1 to MAX_LIMIT.
    """
    text = asked.get("limit", str(default))
    limit = int(text) if _INTEGER.fullmatch(text) else 0
    if not 1 <= limit <= MAX_LIMIT:
        rule = f"limit is a whole number from 1 to {MAX_LIMIT}"
        _refuse(rule, text, "Correct it or leave it out.")
    return limit


def span_of(request: web.Request, *known: str) -> Span:
    """Which part of a user's rows is asked for.

    Args:
        request: The request.
        known: Parameters that the view takes: of ``from``, ``to`` and ``limit``.

    Raises:
        Misasked: A parameter breaks its rule, or time would run backwards.
    """
    return span_in(parameters(request, *known))


def span_in(asked: dict[str, str]) -> Span:
    """The part that parameters ask for.

    Raises:
        Misasked: One breaks its rule, or time would run backwards.
    """
    from_ms = instant("from", asked["from"]) if "from" in asked else MIN_MS
    to_ms = instant("to", asked["to"]) if "to" in asked else MAX_MS
    if from_ms > to_ms:
        between = f"from={asked.get('from')} to={asked.get('to')}"
        _refuse("from must not be later than to", between, "Exchange them.")
    return Span(from_ms, to_ms, limit_of(asked, MAX_LIMIT))


def past_moment(asked: dict[str, str]) -> Moment:
    """The time in the past that is asked about.

    Raises:
        Misasked: It is none, or there are two.
    """
    if "as_of" in asked and "known_at" in asked:
        got = f"as_of={asked['as_of']} known_at={asked['known_at']}"
        _refuse("The past is asked about by event time or by knowledge", got, "Leave one out.")
    name = "known_at" if "known_at" in asked else "as_of"
    return Moment(instant(name, asked[name]), known=name == "known_at")


def of_worker(asked: dict[str, str]) -> bool:
    """Whether only the worker's own part is asked for.

    Raises:
        Misasked: It is another scope.
    """
    scope = asked.get(SCOPE, "cluster")
    if scope not in {"cluster", "worker"}:
        _refuse("scope is cluster or worker", scope, "Correct it or leave it out.")
    return scope == "worker"


def user_of(request: web.Request) -> bytes:
    """The user in the path, in UTF-8.

    Raises:
        Misasked: No user has such an id.
    """
    user = request.match_info["user"]
    # What the quoting of a URL can't say is replaced: nobody is known by that.
    quoted = user.encode(errors="replace")
    if len(quoted) > MAX_ID_BYTES:
        rule = f"A user's id has 1 to {MAX_ID_BYTES} bytes in UTF-8, as in the input"
        _refuse(rule, user, f"This one has {len(quoted)}: correct it.")
    return quoted


def one_of(name: str, text: str, known: tuple[str, ...]) -> str:
    """A word of a choice.

    Raises:
        Misasked: It is another word.
    """
    if text not in known:
        _refuse(f"{name} is one of {', '.join(known)}", text, "Correct it or leave it out.")
    return text


def _refuse(rule: str, got: str, remedy: str) -> NoReturn:
    raise Misasked(f"{rule}; got {shown(got)}. {remedy}")
