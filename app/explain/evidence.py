"""Records as evidence: what the topics hold of an input record."""

from dataclasses import dataclass

import msgspec

from app.explain.story import Row
from app.explain.topics import header_of, place_of
from models import inner
from models.stage import InputRecord
from models.timestamps import ms_of


@dataclass(frozen=True, slots=True)
class Passed:
    """An enriched click or an admitted purchase.

    Attributes:
        source: Place of the input record.
        place: Place of the inner record.
        offset: Its offset.
        user: The user.
        product: The product, if any.
        event_ms: When it happened, in epoch ms.
        stream_ms: S(q) of its input partition up to it, in epoch ms.
        bot: Whether a bot clicked.
        page: What was looked at; empty if not told.
    """

    source: str
    place: str
    offset: int
    user: str
    product: str | None
    event_ms: int
    stream_ms: int
    bot: bool = False
    page: str = ""


@dataclass(frozen=True, slots=True)
class Dead:
    """A dead letter.

    Attributes:
        source: Place of the record that it is of.
        place: Its own place.
        code: The rule that the record breaks.
        message: The rule, what was got, the remedy.
    """

    source: str
    place: str
    code: str
    message: str

    @property
    def row(self) -> Row:
        """As a row of a story."""
        return Row(self.source, None, f"{self.code}: {self.message} → {self.place}")


def passed(record: InputRecord) -> Passed | None:
    """Read an inner record; None for one that is none of this application's."""
    try:
        fields = inner.decode(record.value or b"")
        page = msgspec.json.decode(record.value or b"").get("page", "")
        return Passed(
            source=fields.source_record,
            place=place_of(record),
            offset=record.offset,
            user=fields.user_id,
            product=fields.product_id,
            event_ms=ms_of(fields.timestamp),
            stream_ms=ms_of(fields.stream_time),
            bot=fields.bot is True,
            page=page,
        )
    except ValueError:
        return None


def dead(record: InputRecord) -> Dead:
    """Read a dead letter."""
    source, code, message = (header_of(record, name) for name in ("source", "code", "message"))
    return Dead(source, place_of(record), code, message)


def value_of(record: InputRecord) -> dict[str, object]:
    """The JSON object in an output's value; empty if there is none."""
    try:
        value = msgspec.json.decode(record.value or b"")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
