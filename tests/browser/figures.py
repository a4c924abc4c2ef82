"""Invented figures of a cluster: the same for the same step, moving from one step to the next."""

import math
from dataclasses import dataclass
from typing import Any

from models.timestamps import iso

START_MS = 1_795_428_600_000
"""2026-11-23 10:10:00 UTC."""
_MINUTE_MS = 60_000
SIZE_MS, GRACE_MS = 5 * _MINUTE_MS, 2 * _MINUTE_MS
BEHIND_MS = 4_000
_STAGES = ("enrichment", "admission", "counting", "joining")
_BOUNDS = [60, 300, 600, 900, 1200, 1800, 2700, 3600]
HOSTILE = "<img src=x onerror=\"document.title='owned'\">"
"""An id that would become script where text is taken for HTML."""


@dataclass(frozen=True)
class Shape:
    """How large the invented cluster is, and what ails it."""

    partitions: int = 8
    workers: int = 3
    problems: tuple[str, ...] = ()
    missing: int = 0
    user: str = "user-7"
    product: str = "product-3"


def status(shape: Shape, step: int) -> dict[str, Any]:
    """What ``/status`` says at a step, a second after the one before."""
    now_ms = START_MS + step * 1_000
    stream_ms = now_ms - BEHIND_MS - round(1_500 * math.sin(step / 7))
    clicks = 1_200 + round(300 * math.sin(step / 19)) + 10 * (step % 7)
    return {
        "at": iso(now_ms),
        "appId": "clickstream",
        "version": "0.1.0",
        "settings": {
            "partitions": shape.partitions,
            "windowSizeSeconds": 300,
            "graceSeconds": 120,
            "retentionSeconds": 86_400,
            "joinWithinSeconds": 3_600,
            "attribution": "all",
            "latePolicy": "topic",
        },
        "state": "recovering" if shape.missing else "working",
        "problems": list(shape.problems),
        "streamTime": iso(stream_ms),
        "eventTimeLagSeconds": (now_ms - stream_ms) / 1_000,
        "lag": 40 + (step * 37) % 160,
        "rates": _rates(clicks, step),
        "totals": {name: round(rate * (3_600 + step)) for name, rate in _rates(clicks, 0).items()}
        | {"lost": 0},
        "balanced": True,
        "workers": [_worker(shape, number, now_ms, step) for number in range(shape.workers)],
        "stages": [
            _stage(shape, name, p, stream_ms, step)
            for name in _STAGES
            for p in range(shape.partitions)
            if name != "counting" or p >= shape.missing
        ],
        "missing": [{"stage": "counting", "partition": p} for p in range(shape.missing)],
        "windows": _windows(stream_ms, step),
        "late": [_late(shape, now_ms, step - i * 3) for i in range(8)],
        "deadLetters": [_dead_letter(now_ms, step - i * 5) for i in range(8)],
        "conversions": [conversion(shape, step // 2 - i) for i in range(20)],
        "timeToPurchase": {
            "boundsSeconds": _BOUNDS,
            "counts": [210, 890 + step, 640, 410, 260, 230, 120, 61, 0],
        },
    }


def _rates(clicks: int, step: int) -> dict[str, float]:
    return {
        "clicks": float(clicks),
        "purchases": 12.4,
        "counted": clicks * 0.985,
        "late": 1.2 + math.sin(step / 11),
        "deadLetters": 0.4 + 0.3 * math.sin(step / 5),
        "conversions": 3.1 + math.cos(step / 13),
        "unattributed": 0.2,
        "windowsClosed": 0.3,
    }


def url_of(number: int) -> str:
    """A worker's address."""
    return f"http://10.0.0.{11 + number}:6066"


def _owned(shape: Shape, number: int) -> list[int]:
    return [p for p in range(shape.partitions) if p % shape.workers == number]


def _worker(shape: Shape, number: int, now_ms: int, step: int) -> dict[str, Any]:
    return {
        "url": url_of(number),
        "asked": number == 0,
        "state": "working",
        "startedAt": iso(now_ms - 7_500_000 - step * 1_000),
        "version": "0.1.0",
        "partitions": {name: _owned(shape, number) for name in _STAGES},
        "standbys": {"click-counts": [], "join-state": []},
        "rebalances": 2 + number,
        "lastRebalance": {"at": iso(now_ms - 1_900_000), "seconds": 0.62, "restored": 12_400},
        "memoryBytes": 180_000_000 + number * 21_000_000 + step * 1_024,
        "cpuSeconds": 812.5 + step * (0.31 + 0.04 * number),
        "error": None,
    }


def _stage(shape: Shape, name: str, partition: int, stream_ms: int, step: int) -> dict[str, Any]:
    wave = math.sin(step / 9 + partition * 1.7)
    tabled = name in {"counting", "joining"}
    return {
        "stage": name,
        "partition": partition,
        "worker": url_of(partition % shape.workers),
        "state": "working",
        "streamTime": iso(stream_ms + round(900 * (1 + wave))),
        "lag": 4 + round(9 * (1 + wave)) + partition % 3,
        "recordsPerSecond": (1_200 if name != "admission" else 12)
        / shape.partitions
        * (1 + wave / 4),
        "commitMs": 9 + 4 * wave + partition % 5,
        "read": 540_000 + step * 150,
        "became": {},
        "sent": {},
        "lost": 0,
        "balanced": True,
        "stateBytes": 8_400_000 + partition * 320_000 + step * 900 if tabled else None,
    }


def _windows(stream_ms: int, step: int) -> list[dict[str, Any]]:
    newest = stream_ms // SIZE_MS * SIZE_MS
    return [_window(newest - i * SIZE_MS, stream_ms) for i in range(24)]


def _window(start: int, stream_ms: int) -> dict[str, Any]:
    end, closes = start + SIZE_MS, start + SIZE_MS + GRACE_MS
    state = "open" if stream_ms < end else "closing" if stream_ms < closes else "closed"
    part = min(1.0, (stream_ms - start) / SIZE_MS)
    hour = 1 + math.sin(start / 3_600_000) / 3
    return {
        "windowStart": iso(start),
        "windowEnd": iso(end),
        "closesAt": iso(closes),
        "state": state,
        "clicks": round(360_000 * part * hour),
        "users": round(9_800 * math.sqrt(part)),
        "late": round(310 * hour) if state == "closed" else 0,
    }


def _late(shape: Shape, now_ms: int, step: int) -> dict[str, Any]:
    user = shape.user if step % 3 == 0 else f"user-{step * 31 % 10_000}"
    return {
        "at": iso(now_ms - 3_000),
        "stage": "count" if step % 4 else "join",
        "lateBy": 3.5 + step * 7 % 90,
        "userId": user,
        "timestamp": iso(now_ms - 480_000),
        "sourceRecord": f"clicks-{step % 8}-{88_000 + step}",
    }


def _dead_letter(now_ms: int, step: int) -> dict[str, Any]:
    return {
        "at": iso(now_ms - 5_000),
        "code": "not_json" if step % 2 else "missing_field",
        "message": "the value is not JSON" if step % 2 else "userId is required and missing",
        "source": f"clicks-{step % 8}-{91_000 + step}",
    }


def conversion(shape: Shape, number: int) -> dict[str, Any]:
    """The conversion of a number, two seconds after the one before."""
    bought_ms = START_MS + number * 2_000 - 9_000
    took_ms = 40_000 + number * 71_000 % 3_500_000
    user = shape.user if number % 5 == 0 else f"user-{number * 53 % 10_000}"
    return {
        "at": iso(bought_ms + 4_000),
        "id": f"clicks-{number % 8}-{number}/purchases-{number % 4}-{number}",
        "userId": user,
        "productId": shape.product if number % 4 == 0 else f"product-{number * 7 % 40}",
        "clickTimestamp": iso(bought_ms - took_ms),
        "purchaseTimestamp": iso(bought_ms),
        "timeToPurchase": took_ms / 1_000,
    }
