"""What a person wants to see of a user in a stage's table."""

from collections.abc import Iterator
from typing import TypeAlias

from models.counting import ROW, WindowRules, row_key, row_parts
from models.join import CLICK, PURCHASE, Source, bucket_key, click_time
from models.stage import Rows
from models.timestamps import iso

Json: TypeAlias = dict[str, object]


def _prefixes(rows: Rows, first: bytes, kind: bytes) -> Iterator[int]:
    """The distinct 8-byte numbers after the kind byte, by one look-up each."""
    lower, upper = first, kind + b"\xff" * 9
    while found := rows.scan(lower, upper, 1):
        number = int.from_bytes(found[0][0][1:9], "big")
        yield number
        lower = kind + (number + 1).to_bytes(8, "big")


def windows_of(rows: Rows, rules: WindowRules, user: bytes, closed_to: bytes) -> list[Json]:
    """A user's windows, oldest first.

    Args:
        rows: The rows of the counting stage.
        rules: The rules of windows.
        user: The user's id.
        closed_to: Rows below this key are final.
    """
    keys = [row_key(start, user) for start in _prefixes(rows, ROW, ROW)]
    return [
        {
            "windowStart": iso(start := row_parts(key)[0]),
            "windowEnd": iso(start + rules.size_ms),
            "clickCount": int(count),
            "final": key < closed_to,
        }
        for key, count in zip(keys, rows.get_many(keys), strict=True)
        if count is not None
    ]


def clicks_of(rows: Rows, user: bytes) -> list[Json]:
    """A user's clicks on products that a purchase may still match, by bucket of time."""
    found: list[Json] = []
    sized = len(user).to_bytes(2, "big") + user
    for bucket in _prefixes(rows, bucket_key(0), CLICK):
        prefix = bucket_key(bucket) + sized
        for key, source in rows.scan(prefix, prefix + b"\xff" * 300):
            product = key[len(prefix) + 2 : -20].decode()
            at = iso(click_time(key))
            found.append({"productId": product, "timestamp": at, "source": source.decode()})
    return found


def purchases_of(rows: Rows, user: bytes) -> list[Json]:
    """A user's purchases that a click may still match."""
    sized = len(user).to_bytes(2, "big") + user
    return [
        {
            "timestamp": iso(int.from_bytes(key[1:9], "big")),
            "matched": row[:1] == b"1",
            "purchase": _source(key),
        }
        for key, row in rows.scan(PURCHASE, PURCHASE + b"\xff" * 9)
        if row[1 : 1 + len(sized)] == sized
    ]


def _source(key: bytes) -> Json:
    source = Source(int.from_bytes(key[9:13], "big"), int.from_bytes(key[13:], "big"))
    return {"partition": source.partition, "offset": source.offset}
