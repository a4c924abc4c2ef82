"""``GET /ledger/``: what became of every record, from any worker."""

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from app.books import read_books
from models.errors import BrokerError

if TYPE_CHECKING:
    from app.bootstrap import App


def register(app: "App") -> None:
    """Add the view: 200 when the books balance, 500 when they do not, 503 without Kafka."""

    @app.page("/ledger/", name="ledger")
    async def ledger(self: Any, request: Any) -> Any:
        try:
            books = await read_books(app.settings, app.engine.specs.values())
        except BrokerError as error:
            return self.json({"error": str(error)}, status=HTTPStatus.SERVICE_UNAVAILABLE)
        status = HTTPStatus.INTERNAL_SERVER_ERROR if books.faults else HTTPStatus.OK
        return self.json(books.as_json(), status=status)
