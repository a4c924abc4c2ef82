"""``GET /clicks/{user}``: the clicks that a purchase may still match, by product."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, NamedTuple

from app.reading import Reading
from app.views.asking import Span
from app.views.conversions import JOIN_STATE, check_known
from app.views.owned import of_user
from models.join import CLICK, bucket_key, click_in, click_time
from models.queries import Json
from models.timestamps import iso

if TYPE_CHECKING:
    from app.bootstrap import App
    from app.views import View


class _Click(NamedTuple):
    """A click: event time (epoch ms), product, and source in the input."""

    at_ms: int
    product: str
    source: str


def views(app: "App") -> dict[str, "View"]:
    """The view."""

    async def clicks(reading: Reading, user: bytes, span: Span) -> Json:
        newest: list[_Click] = []
        async for found in _clicks(reading, user):
            newest = sorted([*newest, *found])[-span.limit :]
        if not newest:
            await check_known(reading, user)
        products: dict[str, list[Json]] = {click.product: [] for click in newest}
        for click in newest:
            place: Json = {"timestamp": iso(click.at_ms), "source": click.source}
            products[click.product].append(place)
        by_name = [{"productId": name, "clicks": products[name]} for name in sorted(products)]
        return {"products": by_name}

    return {"/clicks/{user}": of_user(app, JOIN_STATE, clicks, "limit")}


async def _clicks(reading: Reading, user: bytes) -> AsyncIterator[list[_Click]]:
    """The user's clicks, in slices."""
    async for bucket_ms in reading.numbers(CLICK, 0):
        prefix = bucket_key(bucket_ms) + len(user).to_bytes(2, "big") + user
        named = slice(len(prefix) + 2, -20)  # between its length and the click's time and place
        async for rows in reading.scan(prefix, prefix + b"\xff" * 3):
            yield [_Click(click_time(k), k[named].decode(), click_in(row)[0]) for k, row in rows]
