"""What the web views answer: JSON, and for each refusal a status, a sentence and a remedy."""

from http import HTTPStatus
from typing import Any, ClassVar

import msgspec
from aiohttp import web

from models.errors import ClickstreamError

#: Seconds after which a partition that moves is worth asking about again.
RETRY_SECONDS = 1


class Refused(ClickstreamError):  # noqa: N818 - said of the request: it is refused.
    """A request that is not answered; the message says why, and what to do.

    Attributes:
        status: The answer's status.
        headers: The answer's headers.
    """

    status: ClassVar[HTTPStatus]
    headers: ClassVar[dict[str, str]] = {}


class Misasked(Refused):
    """The request breaks a rule: the message names rule, value and remedy."""

    status = HTTPStatus.BAD_REQUEST


class Unknown(Refused):
    """There is nothing of this name."""

    status = HTTPStatus.NOT_FOUND


class Gone(Refused):
    """The logs no longer reach back so far."""

    status = HTTPStatus.GONE


class Unavailable(Refused):
    """A partition moves or recovers, or Kafka does not answer: ask again soon."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    headers: ClassVar[dict[str, str]] = {"Retry-After": str(RETRY_SECONDS)}


def json_answer(
    value: Any, status: HTTPStatus = HTTPStatus.OK, headers: dict[str, str] | None = None
) -> web.Response:
    """A value as JSON."""
    return web.Response(
        body=msgspec.json.encode(value),
        status=status,
        headers=headers,
        content_type="application/json",
    )
