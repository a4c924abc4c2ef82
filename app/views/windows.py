"""``GET /windows`` and ``GET /windows/{start}``: windows as a whole, over all partitions."""

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING

from aiohttp import web

from app.answers import Unknown, json_answer
from app.reading import freshness, readings
from app.scatter import SCOPE, Began, Part, Place, Question, expired_to, final, gathered, places
from app.stages import window_rules
from app.topics import CLICK_COUNTS
from app.views.asking import instant, limit_of, of_worker, parameters
from models.queries import Json, summary_of
from models.rankings import RANKED, SUMMARY, Summary, summary_in, window_key
from models.timestamps import iso
from models.windows import WindowRules, row_parts

if TYPE_CHECKING:
    from app.bootstrap import App
    from app.views import View

#: Windows that are listed unless more are asked for: a day's.
_LISTED = 288


class WindowsPart(Part):
    """The newest windows of a worker's partitions.

    Attributes:
        windows: Start (ms) and summary, newest first.
    """

    windows: list[tuple[int, Summary]]


class WindowPart(Part):
    """One window of a worker's partitions.

    Attributes:
        summary: Its summary; None where it has none.
        names: Of products and of pages, which were clicked; only those that are ranked.
    """

    summary: Summary | None
    names: dict[str, list[str]]


def views(app: "App") -> dict[str, "View"]:
    """The views by path."""

    async def listed(request: web.Request) -> web.Response:
        asked = parameters(request, "limit", SCOPE)
        limit = limit_of(asked, _LISTED)
        if of_worker(asked):
            return json_answer(await _newest(app, limit))
        windows, at = await newest_windows(app, limit)
        rules = window_rules(app.settings)
        shown = [_window(rules, start_ms, summary, at) for start_ms, summary in windows]
        return json_answer({"windows": shown, "freshness": freshness(at)})

    async def one(request: web.Request) -> web.Response:
        asked = parameters(request, SCOPE)
        rules = window_rules(app.settings)
        start_ms = start_of(rules, "A window's start", request.match_info["start"])
        if of_worker(asked):
            return json_answer(await _one(app, start_ms))
        question = Question(f"/windows/{start_ms}", {}, WindowPart, lambda: _one(app, start_ms))
        parts = await gathered(app, question)
        at = places(parts)
        summary = known(rules, start_ms, (part.summary for part in parts), at)
        different = await asyncio.to_thread(_different, rules, parts)
        found = _window(rules, start_ms, summary, at) | different
        return json_answer({**found, "freshness": freshness(at)})

    return {"/windows": listed, "/windows/{start}": one}


async def newest_windows(app: "App", limit: int) -> tuple[list[tuple[int, Summary]], list[Place]]:
    """The newest windows over all partitions, newest first, and where the partitions are.

    Raises:
        Unavailable: Not every partition is at work.
    """
    query = {"limit": str(limit)}
    question = Question("/windows", query, WindowsPart, lambda: _newest(app, limit))
    parts = await gathered(app, question)
    at = places(parts)
    gone_to = expired_to(window_rules(app.settings), at)
    return merged_windows((part.windows for part in parts), limit, gone_to), at


def merged_windows(
    lists: Iterable[Iterable[tuple[int, Summary]]], limit: int, gone_to: int
) -> list[tuple[int, Summary]]:
    """The sums of windows, newest first.

    Args:
        lists: Of each worker, at least the newest so many.
        limit: How many to give.
        gone_to: Windows that start up to this (ms) are left out.
    """
    sums: dict[int, Summary] = {}
    for windows in lists:
        for start_ms, summary in windows:
            if start_ms > gone_to:
                sums[start_ms] = sums.get(start_ms, Summary()) + summary
    return sorted(sums.items(), key=lambda window: window[0], reverse=True)[:limit]


def start_of(rules: WindowRules, name: str, text: str) -> int:
    """Start (ms) of the window that a time asked for is in.

    Raises:
        Misasked: It is no time.
        Unknown: No click can be as old as that.
    """
    start_ms = rules.start_of(instant(name, text))
    if start_ms < 0:
        raise _unknown(text)
    return start_ms


def known(
    rules: WindowRules, start_ms: int, summaries: Iterable[Summary | None], at: list[Place]
) -> Summary:
    """The sum of a window over all partitions.

    Raises:
        Unknown: No partition has it, or it has expired in some.
    """
    found = [summary for summary in summaries if summary is not None]
    if not found or start_ms <= expired_to(rules, at):
        raise _unknown(iso(start_ms))
    return sum(found, Summary())


def _unknown(at: str) -> Unknown:
    return Unknown(
        f"A window is known from its first click until its retention is over; that of {at} is "
        "not. /windows lists those that are."
    )


async def _newest(app: "App", limit: int) -> WindowsPart:
    """This worker's part of the newest windows."""
    mine = readings(app.engine, CLICK_COUNTS)
    began = Began(mine)
    lists = []
    for reading in mine.values():
        rows = deque[tuple[bytes, bytes]](maxlen=limit)
        async for found in reading.scan(window_key(SUMMARY, 0), SUMMARY + b"\xff" * 9):
            rows.extend(found)
        lists.append([(row_parts(key)[0], summary_in(value)) for key, value in rows])
    return WindowsPart(partitions=began.places(), windows=merged_windows(lists, limit, -1))


async def _one(app: "App", start_ms: int) -> WindowPart:
    """This worker's part of a window."""
    rules = window_rules(app.settings)
    mine = readings(app.engine, CLICK_COUNTS)
    began = Began(mine)
    summaries = [r.read(lambda rows: summary_of(rows, start_ms)) for r in mine.values()]
    found = [summary for summary in summaries if summary is not None]
    names: dict[str, list[str]] = {}
    for kind in rules.rankings:
        prefix = window_key(RANKED[kind], start_ms)
        different: set[str] = set()
        for reading in mine.values():
            async for rows in reading.scan(prefix, window_key(RANKED[kind], start_ms + 1)):
                different.update(key[len(prefix) :].decode() for key, _ in rows)
        names[kind] = list(different)
    summary = sum(found, Summary()) if found else None
    return WindowPart(partitions=began.places(), summary=summary, names=names)


def _different(rules: WindowRules, parts: list[WindowPart]) -> Json:
    """How many different products and pages; None for what is not ranked."""
    return {
        kind: len({name for part in parts for name in part.names.get(kind, ())})
        if kind in rules.rankings
        else None
        for kind in RANKED
    }


def _window(rules: WindowRules, start_ms: int, summary: Summary, at: list[Place]) -> Json:
    end_ms = start_ms + rules.size_ms
    return {
        "windowStart": iso(start_ms),
        "windowEnd": iso(end_ms),
        "closesAt": iso(end_ms + rules.grace_ms),
        "final": final(start_ms, at),
        "clicks": summary.clicks,
        "users": summary.users,
        "late": summary.late,
    }
