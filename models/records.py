"""Clicks and purchases: how they are read from the inputs and written to the inner topics.

Whether a record is valid depends on the record alone (its value and its own Kafka timestamp), never
on a clock, so a replay decides the same. Of several faults the first is told: the value as a whole,
then the fields in the order of the topics' table.
"""

from typing import TYPE_CHECKING

import msgspec
from msgspec import UNSET, UnsetType

from models.fields import take_id, take_optional_id, take_text, take_timestamp
from models.json_object import Fields, decode_object
from models.timestamps import iso

if TYPE_CHECKING:
    # Reading and writing records does not need the user agent parser.
    from models.user_agents import UserAgent

#: Fields of an admitted purchase that are ours: the input's of these names are not passed on.
PURCHASE_FIELDS = frozenset({"userId", "productId", "timestamp", "sourceRecord", "streamTime"})

#: Fields of an enriched click that are ours.
ENRICHED_FIELDS = PURCHASE_FIELDS | {"page", "device", "browser", "os", "bot", "userAgent"}

_encode = msgspec.json.Encoder().encode


class Click(msgspec.Struct, frozen=True, gc=False):
    """A valid click.

    Attributes:
        user_id: 1 to 256 bytes in UTF-8.
        timestamp_ms: When it happened, in epoch milliseconds.
        page: What was looked at, if told.
        product_id: The product, 1 to 256 bytes in UTF-8, if any.
        user_agent: The browser's own words, if told.
        extra: All other fields, as raw JSON. They refer to the record's value, so it stays in
            memory as long as they do.
    """

    user_id: str
    timestamp_ms: int
    page: str | None
    product_id: str | None
    user_agent: str | None
    extra: Fields


class Purchase(msgspec.Struct, frozen=True, gc=False):
    """A valid purchase.

    Attributes:
        user_id: 1 to 256 bytes in UTF-8.
        product_id: 1 to 256 bytes in UTF-8.
        timestamp_ms: When it happened, in epoch milliseconds.
        extra: All other fields, as in :class:`Click`.
    """

    user_id: str
    product_id: str
    timestamp_ms: int
    extra: Fields


class _Enriched(msgspec.Struct, gc=False, rename="camel"):
    user_id: str
    page: str | UnsetType
    product_id: str | UnsetType
    timestamp: str
    device: str
    browser: str
    os: str
    bot: bool
    source_record: str
    stream_time: str


def parse_click(value: bytes | None, record_ms: int, future_skew_ms: int) -> Click:
    """Read a record of the clicks.

    Args:
        value: The record's value.
        record_ms: The record's own Kafka timestamp, in epoch milliseconds; negative if it has none.
        future_skew_ms: How far beyond that the click may lie, inclusive, in milliseconds.

    Raises:
        RecordRejected: It is a dead letter; the code is one of RejectCode.
    """
    fields = decode_object(value)
    return Click(
        take_id(fields, "userId"),
        take_timestamp(fields, "timestamp", record_ms, future_skew_ms),
        take_text(fields, "page"),
        take_optional_id(fields, "productId"),
        take_text(fields, "userAgent"),
        fields,
    )


def parse_purchase(value: bytes | None, record_ms: int, future_skew_ms: int) -> Purchase:
    """Read a record of the purchases.

    Args:
        value: The record's value.
        record_ms: The record's own Kafka timestamp, in epoch milliseconds; negative if it has none.
        future_skew_ms: How far beyond that the purchase may lie, inclusive, in milliseconds.

    Raises:
        RecordRejected: It is a dead letter; the code is one of RejectCode.
    """
    fields = decode_object(value)
    return Purchase(
        take_id(fields, "userId"),
        take_id(fields, "productId"),
        take_timestamp(fields, "timestamp", record_ms, future_skew_ms),
        fields,
    )


def encode_enriched(
    click: Click, agent: "UserAgent", source_record: str, stream_time_ms: int
) -> bytes:
    """Write a record of the enriched clicks.

    Args:
        click: The click.
        agent: What its user agent was found to be.
        source_record: The input record's place, of :func:`source_record`.
        stream_time_ms: S(q) at that record, in epoch milliseconds.

    Returns:
        JSON: our fields, then the click's others unchanged. Of two of one name ours is kept.
    """
    ours = _encode(
        _Enriched(
            click.user_id,
            UNSET if click.page is None else click.page,
            UNSET if click.product_id is None else click.product_id,
            iso(click.timestamp_ms),
            agent.device,
            agent.browser,
            agent.os,
            agent.bot,
            source_record,
            iso(stream_time_ms),
        )
    )
    if click.extra and (others := _others(click.extra, ENRICHED_FIELDS)):
        return b"%b,%b" % (ours[:-1], _encode(others)[1:])
    return ours


def encode_purchase(purchase: Purchase, source_record: str, stream_time_ms: int) -> bytes:
    """Write a record of the purchases by user.

    Args:
        purchase: The purchase.
        source_record: The input record's place, of :func:`source_record`.
        stream_time_ms: S(q) at that record, in epoch milliseconds.

    Returns:
        JSON: our fields, then the purchase's others unchanged. Of two of one name ours is kept.
    """
    fields: dict[str, object] = {
        "userId": purchase.user_id,
        "productId": purchase.product_id,
        "timestamp": iso(purchase.timestamp_ms),
        "sourceRecord": source_record,
        "streamTime": iso(stream_time_ms),
    }
    fields.update(_others(purchase.extra, PURCHASE_FIELDS))
    return _encode(fields)


def _others(extra: Fields, ours: frozenset[str]) -> Fields:
    if ours.isdisjoint(extra):
        return extra
    return {name: value for name, value in extra.items() if name not in ours}


def source_record(topic: str, partition: int, offset: int) -> str:
    """An input record's place, ``<topic>-<partition>-<offset>``: its id in every output."""
    return f"{topic}-{partition}-{offset}"


def input_partition(source_record: str) -> str:
    """The input partition q, ``<topic>-<partition>``, of a record's place.

    Raises:
        ValueError: It is no place of a record: it has no ``-``.
    """
    q, dash, _ = source_record.rpartition("-")
    if not dash:
        raise ValueError("a source record reads <topic>-<partition>-<offset>")
    return q
