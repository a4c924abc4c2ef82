"""The tables' changelogs: rows decoded from their keys, and the last state of each partition.

Layouts, all numbers big-endian:

- counts: ``w``, window start (8), user; the count in decimal.
- revisions: ``r``, window start (8), user; how many, in decimal.
- products and pages: ``i`` or ``g``, window start (8), product or page; the count in decimal.
- windows: ``s``, window start (8); JSON of clicks, users and late.
- clicks: ``c``, bucket start (8), user and product (2 bytes of length before each), event time (8),
  input partition (4), input offset (8); ``!`` if it was late, the source's name.
- purchases: ``p``, event time (8), input partition (4), input offset (8); a digit, the sum of 1 if
  matched, 2 if late and 4 if resolved, the user (2 bytes of length before it), the purchase's
  inner record.
- outcomes: ``o``, hour (8), user (2 bytes of length before it), event time of the purchase (8),
  ``c`` and a conversion's id, or ``u`` and a purchase's source; the JSON that was emitted.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from aiokafka import TopicPartition

from app.audit.arrivals import Row
from app.audit.states import STATE_KEY, State, state_of
from app.audit.warehouse import Warehouse

#: Rows held before they are put into the warehouse.
_ROWS = 50_000
#: Bytes of a count's key before the user, of a purchase's key, of what follows a click's product.
_COUNT_KEY, _PURCHASE_KEY, _CLICK_SUFFIX = 9, 21, 20
_FAULTS = (ValueError, TypeError, KeyError)

#: Reads a row of a kind: its columns but p.
Decode: TypeAlias = Callable[[bytes, bytes], Row]


class Changelog:
    """Takes the records of a table's changelog.

    Attributes:
        states: The last state by partition.
    """

    def __init__(self, warehouse: Warehouse, stage: str) -> None:
        """Take records of a stage."""
        self.states: dict[int, State] = {}
        self._warehouse = warehouse
        self._stage = stage
        self._rows: list[Row] = []

    def take(self, at: TopicPartition, records: Sequence[Any]) -> None:
        """Take records of a partition."""
        state = None
        p, stage = at.partition, self._stage
        for record in records:
            key, value = record.key, record.value
            if key == STATE_KEY:
                state = value
            elif value is not None and key is not None and key[:1] == b"c":
                self._rows.append((stage, p, record.offset, key, value[:1]))
            else:
                self._rows.append((stage, p, record.offset, key, value))
        if state is not None:
            self.states[p] = state_of(state, f"{stage}-{p}")
        if len(self._rows) >= _ROWS:
            self.flush()

    def flush(self) -> None:
        """Put the rows into the warehouse."""
        self._warehouse.append("change", self._rows)
        self._rows = []


def decode_tables(warehouse: Warehouse) -> None:
    """Decode the last change of each key; a row that can't be read is a row of nobody."""
    warehouse.run("tables")
    rows = warehouse.stream(
        "SELECT stage, p, key, value FROM last_change WHERE value IS NOT NULL ORDER BY ALL"
    )
    held: dict[str, list[Row]] = {table: [] for table, _, _ in _DECODERS.values()}
    for stage, p, key, value in rows:
        table, decode, width = _DECODERS.get((stage, (key or b"")[:1]), _UNKNOWN[stage])
        held[table].append((p, *_or_nobody(decode, key or b"", value, width)))
        if len(held[table]) >= _ROWS:
            warehouse.append(table, held.pop(table))
            held[table] = []
    for table, left in held.items():
        warehouse.append(table, left)


def _int(value: bytes) -> int:
    return int.from_bytes(value, "big")


def _or_nobody(decode: Decode, key: bytes, value: bytes, width: int) -> Row:
    try:
        return decode(key, value)
    except _FAULTS:
        return (None,) * width


def _nobody(_key: bytes, _value: bytes) -> Row:
    raise ValueError("it is no key of this table")


def _count(key: bytes, value: bytes) -> Row:
    if len(key) <= _COUNT_KEY:
        raise ValueError("it is no key of a count")
    return _int(key[1:9]), key[_COUNT_KEY:].decode(), int(value)


def _window(key: bytes, value: bytes) -> Row:
    if len(key) != _COUNT_KEY:
        raise ValueError("it is no key of a window")
    fields = json.loads(value)
    return _int(key[1:9]), int(fields["clicks"]), int(fields["users"]), int(fields["late"])


def _sized(data: bytes, at: int) -> tuple[str, int]:
    """Text with two bytes of length before it, and where it ends."""
    end = at + 2 + _int(data[at : at + 2])
    return data[at + 2 : end].decode(), end


def _click(key: bytes, value: bytes) -> Row:
    user, at = _sized(key, 9)
    product, at = _sized(key, at)
    if len(key) != at + _CLICK_SUFFIX:
        raise ValueError("it is no key of a click")
    times = _int(key[at : at + 8]), _int(key[at + 8 : at + 12]), _int(key[at + 12 :])
    return _int(key[1:9]), user, product, *times, value[:1] == b"!"


def _purchase(key: bytes, value: bytes) -> Row:
    if len(key) != _PURCHASE_KEY:
        raise ValueError("it is no key of a purchase")
    user, at = _sized(value, 1)
    product = json.loads(value[at:])["productId"]
    place = _int(key[1:9]), _int(key[9:13]), _int(key[13:])
    flags = int(value[:1])
    return *place, user, product, *(bool(flags & flag) for flag in (1, 2, 4))


def _outcome(key: bytes, value: bytes) -> Row:
    user, at = _sized(key, 9)
    what, name = key[at + 8 : at + 9].decode(), key[at + 9 :].decode()
    if what not in {"c", "u"}:
        raise ValueError("it is no key of an outcome")
    return _int(key[1:9]), user, _int(key[at : at + 8]), what, name, value.decode()


#: By stage and first byte of the key: the table of the row, how to read it, columns but p.
_DECODERS: Mapping[tuple[str, bytes], tuple[str, Decode, int]] = {
    ("counting", b"w"): ("count_row", _count, 3),
    ("counting", b"r"): ("revision_row", _count, 3),
    ("counting", b"s"): ("window_row", _window, 4),
    ("counting", b"i"): ("product_row", _count, 3),
    ("counting", b"g"): ("page_row", _count, 3),
    ("joining", b"c"): ("click_row", _click, 7),
    ("joining", b"p"): ("purchase_row", _purchase, 8),
    ("joining", b"o"): ("outcome_row", _outcome, 6),
}
#: What any other row is taken for.
_UNKNOWN = {"counting": ("count_row", _nobody, 3), "joining": ("click_row", _nobody, 7)}
