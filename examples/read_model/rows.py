"""The application's outputs as rows: the fields of a record are the columns of its table."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, TypeAlias

import msgspec

Instant: TypeAlias = Annotated[datetime, msgspec.Meta(tz=True)]
#: As many as a BIGINT holds.
Number: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class Count(msgspec.Struct, rename="camel"):
    """A user's clicks in a window: a record of click-counts; revised ones come again."""

    user_id: str
    window_start: Instant
    window_end: Instant
    click_count: Number
    revision: Number = 0

    @property
    def key(self) -> object:
        """Of its row."""
        return self.user_id, self.window_start


class Conversion(msgspec.Struct, rename="camel"):
    """A click and the purchase that it led to: a record of conversion-events."""

    id: str
    user_id: str
    product_id: str
    click_timestamp: Instant
    purchase_timestamp: Instant
    time_to_purchase: float
    click: str
    purchase: str
    order: msgspec.Raw

    @property
    def key(self) -> object:
        """Of its row."""
        return self.id


class Unattributed(msgspec.Struct, rename="camel"):
    """A purchase that no click led to: a record of unattributed-purchases."""

    purchase: str
    user_id: str
    product_id: str
    purchase_timestamp: Instant
    order: msgspec.Raw

    @property
    def key(self) -> object:
        """Of its row."""
        return self.purchase


Row: TypeAlias = Count | Conversion | Unattributed

_REVISED = """UPDATE SET click_count = excluded.click_count, revision = excluded.revision
WHERE excluded.revision > counts.revision"""
#: By topic: its table, its records, and what becomes of one whose key is there already. A count
#: that was revised takes the place of the one before; all else must not come twice.
TABLES: dict[str, tuple[str, type[Row], str]] = {
    "click-counts": ("counts", Count, _REVISED),
    "conversion-events": ("conversions", Conversion, "NOTHING"),
    "unattributed-purchases": ("unattributed", Unattributed, "NOTHING"),
}

# An order is kept as its text, as JSON's numbers may be longer than a database takes: cast it in a
# query, where you know better.
SCHEMA = """
CREATE TABLE IF NOT EXISTS counts (
    user_id VARCHAR, window_start TIMESTAMP, window_end TIMESTAMP, click_count BIGINT,
    revision BIGINT, PRIMARY KEY (user_id, window_start)
);
CREATE TABLE IF NOT EXISTS conversions (
    id VARCHAR PRIMARY KEY, user_id VARCHAR, product_id VARCHAR, click_timestamp TIMESTAMP,
    purchase_timestamp TIMESTAMP, time_to_purchase DOUBLE, click VARCHAR, purchase VARCHAR,
    "order" VARCHAR
);
CREATE TABLE IF NOT EXISTS unattributed (
    purchase VARCHAR PRIMARY KEY, user_id VARCHAR, product_id VARCHAR,
    purchase_timestamp TIMESTAMP, "order" VARCHAR
);
CREATE TABLE IF NOT EXISTS positions (
    topic VARCHAR, partition INTEGER, next_offset BIGINT, PRIMARY KEY (topic, partition)
);
"""


def rows_of(kind: type[Row], values: Sequence[bytes | None]) -> tuple[list[list[object]], int]:
    """Rows of records: of each key the last one, as a user's counts come in their order.

    Args:
        kind: The records.
        values: What they say.

    Returns:
        The rows, and how many records are none of the application's.
    """
    rows: dict[object, list[object]] = {}
    others = 0
    for value in values:
        try:
            record = msgspec.json.decode(value or b"", type=kind)
            rows[record.key] = [_cell(cell) for cell in msgspec.structs.astuple(record)]
        except (ValueError, RecursionError, OverflowError):
            others += 1
    return list(rows.values()), others


def _cell(value: object) -> object:
    """What DuckDB takes.

    Raises:
        UnicodeDecodeError: It is no text.
        OverflowError: It is a time before or after all that can be told in UTC.
    """
    if isinstance(value, msgspec.Raw):
        return bytes(value).decode()
    return value.astimezone(UTC).replace(tzinfo=None) if isinstance(value, datetime) else value
