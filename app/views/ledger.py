"""``GET /ledger``: what became of every record, from any worker."""

from http import HTTPStatus
from typing import TYPE_CHECKING

from aiohttp import web

from app.answers import Unavailable, json_answer
from app.books import read_books
from models.errors import BrokerError, LedgerBroken

if TYPE_CHECKING:
    from app.bootstrap import App
    from app.views import View


def views(app: "App") -> dict[str, "View"]:
    """The view: 200 when the books balance, 500 when they do not, 503 where they can't be read."""

    async def ledger(request: web.Request) -> web.Response:
        try:
            books = await read_books(app.settings, app.engine.specs.values())
        except (BrokerError, LedgerBroken) as error:
            raise Unavailable(str(error)) from None
        status = HTTPStatus.INTERNAL_SERVER_ERROR if books.faults else HTTPStatus.OK
        return json_answer(books.as_json(), status)

    return {"/ledger": ledger}
