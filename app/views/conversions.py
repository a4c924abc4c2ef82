"""``GET /conversions/{user}``: what came of a user's purchases, and what may still come."""

from collections import deque
from collections.abc import AsyncIterator
from functools import partial
from typing import TYPE_CHECKING

from msgspec import Raw

from app.answers import Unknown
from app.history.past import Moment, Past
from app.reading import Reading, Row
from app.topics import CONVERSION_EVENTS, TABLES, UNATTRIBUTED_PURCHASES
from app.views.asking import Span
from app.views.owned import of_user
from app.views.past import since, with_past
from models.errors import shown
from models.join import CLICK, bucket_key
from models.outcomes import CONVERSION, OUTCOME, hour_of, user_prefix
from models.queries import Json, purchases_of
from models.timestamps import MAX_MS, iso

if TYPE_CHECKING:
    from app.bootstrap import App
    from app.views import View

_, JOIN_STATE = TABLES


def views(app: "App") -> dict[str, "View"]:
    """The view."""

    async def conversions(reading: Reading, user: bytes, span: Span) -> Json:
        converted, unattributed = deque[Raw](maxlen=span.limit), deque[Raw](maxlen=span.limit)
        async for kind, value in _outcomes(reading, user, span):
            (converted if kind == CONVERSION else unattributed).append(Raw(value))
        waiting = reading.read(partial(purchases_of, user=user))
        if not (converted or unattributed or waiting):
            await check_known(reading, user)
        return {
            "conversions": list(converted),
            "unattributed": list(unattributed),
            "pending": _within(waiting, span),
        }

    present = of_user(app, JOIN_STATE, conversions, "from", "to", "limit")
    return {"/conversions/{user}": with_past(app, present, _past)}


def _past(past: Past, user: bytes, moment: Moment, span: Span) -> Json:
    found = past.outcomes(user, moment)
    converted, unattributed = (
        [Raw(value.encode()) for ms, value in found.by_topic[topic] if _in(span, ms)]
        for topic in (CONVERSION_EVENTS, UNATTRIBUTED_PURCHASES)
    )
    return {
        "conversions": converted[-span.limit :],
        "unattributed": unattributed[-span.limit :],
        **since(found.since_ms),
    }


def _in(span: Span, at_ms: int) -> bool:
    return span.from_ms <= at_ms < span.to_ms


def _within(pending: list[Json], span: Span) -> list[Json]:
    first, end = iso(span.from_ms), iso(span.to_ms)  # texts sort as the instants do
    return [one for one in pending if first <= str(one["timestamp"]) < end][-span.limit :]


async def _outcomes(reading: Reading, user: bytes, span: Span) -> AsyncIterator[Row]:
    """Kind and emitted JSON of what came of the purchases in a span, in their order."""
    first, end = max(span.from_ms, 0), max(span.to_ms, 0)
    async for hour_ms in reading.numbers(OUTCOME, hour_of(first)):
        if hour_ms >= end:
            return
        prefix = user_prefix(hour_ms, user)
        kind = slice(len(prefix) + 8, len(prefix) + 9)  # after the purchase's time
        lower = prefix + max(first, hour_ms).to_bytes(8, "big")
        async for rows in reading.scan(lower, prefix + end.to_bytes(8, "big")):
            for key, value in rows:
                yield key[kind], value


async def check_known(reading: Reading, user: bytes) -> None:
    """Check that the join has any row of a user.

    Raises:
        Unknown: It has none.
    """
    if reading.read(partial(purchases_of, user=user)):
        return
    sized = len(user).to_bytes(2, "big") + user
    async for bucket_ms in reading.numbers(CLICK, 0):
        prefix = bucket_key(bucket_ms) + sized
        async for rows in reading.scan(prefix, prefix + b"\xff" * 3):
            if rows:
                return
    async for _ in _outcomes(reading, user, Span(0, MAX_MS, 1)):
        return
    raise Unknown(
        "A user is known while clicks on products, purchases or what came of them are kept; "
        f"{shown(user.decode())} has none. Correct the id, or ask again after the next one."
    )
