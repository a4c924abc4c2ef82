"""What a person wants to see of a user, or of a window, in a stage's table."""

from collections.abc import Iterator, Sequence
from typing import TypeAlias

import msgspec

from models.join import CLICK, PURCHASE, Source, bucket_key, click_in, click_time
from models.outcomes import CONVERSION, OUTCOME, hour_key, hour_of, is_matched, user_prefix
from models.rankings import RANKED, SUMMARY, Summary, summary_in, window_key
from models.revisions import REVISION, revision_key
from models.stage import Rows
from models.timestamps import iso
from models.windows import ROW, WindowRules, row_key, row_parts

Json: TypeAlias = dict[str, object]
#: Clicks on time in a window, and how many late ones revise them.
Count: TypeAlias = tuple[int, int]

#: What can be ranked in a window, and the kind of its rows.
RANKINGS = {"users": ROW, **RANKED}


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
    starts = set(_prefixes(rows, ROW, ROW)).union(_prefixes(rows, REVISION, REVISION))
    keys = [row_key(start, user) for start in sorted(starts)]
    found = zip(keys, counts_in(rows, rules, keys), strict=True)
    return [told for key, count in found if (told := window_told(rules, closed_to, key, count))]


def counts_in(rows: Rows, rules: WindowRules, keys: Sequence[bytes]) -> list[Count]:
    """The counts of rows, and how often they were revised.

    Args:
        rows: The rows of the counting stage.
        rules: The rules of windows.
        keys: Of the counts.
    """
    counts = rows.get_many(keys)
    revised: Sequence[bytes | None] = [None] * len(keys)
    if rules.revise_ms:
        revised = rows.get_many([revision_key(key) for key in keys])
    return [(int(count or 0), int(k or 0)) for count, k in zip(counts, revised, strict=True)]


def window_told(rules: WindowRules, closed_to: bytes, key: bytes, count: Count) -> Json | None:
    """A user's window as it was emitted last, or as it is so far; None without anything to tell.

    Args:
        rules: The rules of windows.
        closed_to: Rows below this key are final.
        key: Of the count.
        count: The count, and how often it was revised: told once it is final.
    """
    final = key < closed_to
    revision = count[1] if final else 0
    if not (clicks := count[0] + revision):
        return None
    start_ms, _ = row_parts(key)
    told: Json = {
        "windowStart": iso(start_ms),
        "windowEnd": iso(start_ms + rules.size_ms),
        "clickCount": clicks,
        "final": final,
    }
    return told | {"revision": revision} if revision else told


def clicks_of(rows: Rows, user: bytes) -> list[Json]:
    """A user's clicks on products that a purchase may still match, by bucket of time."""
    found: list[Json] = []
    sized = len(user).to_bytes(2, "big") + user
    for bucket in _prefixes(rows, bucket_key(0), CLICK):
        prefix = bucket_key(bucket) + sized
        for key, source in rows.scan(prefix, prefix + b"\xff" * 300):
            product = key[len(prefix) + 2 : -20].decode()
            at = iso(click_time(key))
            found.append({"productId": product, "timestamp": at, "source": click_in(source)[0]})
    return found


def purchases_of(rows: Rows, user: bytes) -> list[Json]:
    """A user's purchases that a click may still match."""
    sized = len(user).to_bytes(2, "big") + user
    return [
        {
            "timestamp": iso(int.from_bytes(key[1:9], "big")),
            "matched": is_matched(row),
            "purchase": _source(key),
        }
        for key, row in rows.scan(PURCHASE, PURCHASE + b"\xff" * 9)
        if row[1 : 1 + len(sized)] == sized
    ]


def outcomes_of(
    rows: Rows, user: bytes, from_ms: int, to_ms: int
) -> tuple[list[msgspec.Raw], list[msgspec.Raw]]:
    """What came of a user's purchases, in the order of their event times.

    Args:
        rows: The rows of the joining stage.
        user: The user's id.
        from_ms: Purchases from here on, in epoch ms.
        to_ms: Purchases before this.

    Returns:
        Conversions, and unattributed purchases, as they were emitted.
    """
    conversions: list[msgspec.Raw] = []
    unattributed: list[msgspec.Raw] = []
    first, last = max(from_ms, 0), max(to_ms, 0)
    for hour in _prefixes(rows, hour_key(hour_of(first)), OUTCOME):
        if hour >= last:
            break
        prefix = user_prefix(hour, user)
        lower = prefix + max(first, hour).to_bytes(8, "big")
        for key, value in rows.scan(lower, prefix + last.to_bytes(8, "big")):
            is_conversion = key[len(prefix) + 8 :][:1] == CONVERSION
            (conversions if is_conversion else unattributed).append(msgspec.Raw(value))
    return conversions, unattributed


def summaries_of(rows: Rows, from_ms: int = 0) -> dict[int, Summary]:
    """Windows as a whole, oldest first, by their start (ms): this partition's part of them.

    Args:
        rows: The rows of the counting stage.
        from_ms: Windows that start here or later, in epoch ms.
    """
    found = rows.scan(window_key(SUMMARY, max(from_ms, 0)), SUMMARY + b"\xff" * 9)
    return {row_parts(key)[0]: summary_in(value) for key, value in found}


def summary_of(rows: Rows, start_ms: int) -> Summary | None:
    """A window as a whole, by its start: this partition's part of it; None if it is not there."""
    [found] = rows.get_many([window_key(SUMMARY, start_ms)])
    return None if found is None else summary_in(found)


def ranking_of(rows: Rows, by: str, start_ms: int) -> dict[str, int]:
    """How often each was clicked in a window: all of this partition, in the order of names.

    Args:
        rows: The rows of the counting stage.
        by: What is ranked: ``users``, ``products`` or ``pages``.
        start_ms: Start of the window.
    """
    prefix = window_key(RANKINGS[by], start_ms)
    found = rows.scan(prefix, window_key(RANKINGS[by], start_ms + 1))
    return {key[len(prefix) :].decode(): int(count) for key, count in found}


def _source(key: bytes) -> Json:
    source = Source(int.from_bytes(key[9:13], "big"), int.from_bytes(key[13:], "big"))
    return {"partition": source.partition, "offset": source.offset}
