"""The application's outputs as rows: the fields of a record are the columns of its table."""

from typing import TypeAlias

import msgspec


class Count(msgspec.Struct, rename="camel"):
    """A user's clicks in a window: a record of click-counts."""

    user_id: str
    window_start: str
    window_end: str
    click_count: int


class Conversion(msgspec.Struct, rename="camel"):
    """A click and the purchase that it led to: a record of conversion-events."""

    id: str
    user_id: str
    product_id: str
    click_timestamp: str
    purchase_timestamp: str
    time_to_purchase: float
    click: str
    purchase: str
    order: msgspec.Raw


class Unattributed(msgspec.Struct, rename="camel"):
    """A purchase that no click led to: a record of unattributed-purchases."""

    purchase: str
    user_id: str
    product_id: str
    purchase_timestamp: str
    order: msgspec.Raw


Row: TypeAlias = Count | Conversion | Unattributed

#: Tables by topic.
TABLES: dict[str, tuple[str, type[Row]]] = {
    "click-counts": ("counts", Count),
    "conversion-events": ("conversions", Conversion),
    "unattributed-purchases": ("unattributed", Unattributed),
}

# The keys would tell if a record came twice: none is replaced. An order is kept as its text, as
# JSON's numbers may be longer than a database takes: cast it in a query, where you know better.
SCHEMA = """
CREATE TABLE IF NOT EXISTS counts (
    user_id VARCHAR, window_start TIMESTAMP, window_end TIMESTAMP, click_count BIGINT,
    PRIMARY KEY (user_id, window_start)
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


def columns_of(kind: type[Row], values: list[bytes]) -> list[list[object]]:
    """Records' values as columns, in the order of the table's."""
    rows = (msgspec.structs.astuple(msgspec.json.decode(value, type=kind)) for value in values)
    return [[_cell(cell) for cell in column] for column in zip(*rows, strict=True)]


def _cell(value: object) -> object:
    return bytes(value).decode() if isinstance(value, msgspec.Raw) else value
