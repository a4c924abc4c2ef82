"""Invented answers about a user and about a window, in keeping with the invented figures."""

from typing import Any

from models.timestamps import iso
from tests.browser.figures import BEHIND_MS, GRACE_MS, SIZE_MS, START_MS, Shape, conversion


def counts(step: int) -> dict[str, Any]:
    """What ``/counts/{user}`` says: two hours of windows, some without a click."""
    newest = START_MS // SIZE_MS * SIZE_MS
    starts = [newest - i * SIZE_MS for i in range(24, -1, -1) if i % 7 != 3]
    return {
        "windows": [
            {
                "windowStart": iso(start),
                "windowEnd": iso(start + SIZE_MS),
                "clickCount": 1 + start // SIZE_MS * 7 % 11,
                "final": start + SIZE_MS + GRACE_MS < START_MS,
            }
            for start in starts
        ],
        "freshness": {"streamTime": iso(START_MS - BEHIND_MS + step * 1_000), "lag": 12},
    }


def conversions(shape: Shape) -> dict[str, Any]:
    """What ``/conversions/{user}`` says: three matched, one not, one still open."""
    made = [conversion(shape, number) for number in (-300, -900, -2_000)]
    kept = [
        {**c, "click": f"clicks-1-{i}", "purchase": f"purchases-1-{i}"} for i, c in enumerate(made)
    ]
    return {
        "conversions": kept,
        "unattributed": [
            {
                "productId": "product-99",
                "purchaseTimestamp": iso(START_MS - 3_100_000),
                "purchase": "purchases-0-77",
            }
        ],
        "pending": [
            {
                "timestamp": iso(START_MS - 20_000),
                "matched": False,
                "purchase": {"partition": 0, "offset": 8},
            }
        ],
    }


def clicks(shape: Shape) -> dict[str, Any]:
    """What ``/clicks/{user}`` says: the last hour on a few products."""
    return {
        "products": [
            {
                "productId": shape.product if i == 0 else f"product-{i}",
                "clicks": [
                    {"timestamp": iso(START_MS - at_ms), "source": f"clicks-{i}-{at_ms}"}
                    for at_ms in range(60_000 + i * 97_000, 3_400_000, 700_000 + i * 130_000)
                ],
            }
            for i in range(4)
        ]
    }


def top(shape: Shape, by: str) -> dict[str, Any]:
    """What ``/top`` says of a closed window."""
    field = {"users": "userId", "products": "productId", "pages": "page"}[by]
    first = {"users": shape.user, "products": shape.product, "pages": "/"}[by]
    names = [first, *(f"{by[:-1]}-{i * 37 % 1_000}" for i in range(1, 10))]
    start = START_MS - 2 * SIZE_MS - START_MS % SIZE_MS
    return {
        "by": by,
        "windowStart": iso(start),
        "windowEnd": iso(start + SIZE_MS),
        "final": True,
        "top": [{field: name, "clicks": 480 // (i + 2)} for i, name in enumerate(names)],
        "others": {"count": 9_787, "clicks": 352_114},
    }
