"""``GET /top``: the users, products or pages with most clicks in a window."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from aiohttp import web

from app.answers import Misasked, Unknown, json_answer
from app.reading import Reading, freshness, readings
from app.scatter import SCOPE, Began, Part, Question, final, gathered, places
from app.stages import window_rules
from app.topics import CLICK_COUNTS
from app.views.asking import MAX_LIMIT, limit_of, of_worker, one_of, parameters
from app.views.windows import known, newest_windows, start_of
from models.queries import RANKINGS, Json, summary_of
from models.rankings import Summary, window_key
from models.timestamps import iso
from models.windows import WindowRules

if TYPE_CHECKING:
    from app.bootstrap import App
    from app.views import View

#: What a rank names, by what is ranked.
_NAMES = {"users": "userId", "products": "productId", "pages": "page"}
#: Ranks unless more are asked for.
_RANKS = 10

#: A name and its clicks.
Rank = tuple[str, int]


class TopPart(Part):
    """A window's ranking in a worker's partitions.

    Attributes:
        summary: The window's summary; None where it has none.
        count: How many were clicked, ranked here or not.
        clicks: How many clicks these have.
        ranks: Users: the first so many, for none is in two partitions. Else all.
    """

    summary: Summary | None
    count: int
    clicks: int
    ranks: list[Rank]


def views(app: "App") -> dict[str, "View"]:
    """The view."""

    async def top(request: web.Request) -> web.Response:
        asked = parameters(request, "by", "window", "limit", SCOPE)
        rules = window_rules(app.settings)
        by = _by(asked, rules)
        limit = limit_of(asked, _RANKS)
        at = asked.get("window")
        start_ms = None if at is None else start_of(rules, "window", at)
        if of_worker(asked):
            if start_ms is None:
                raise Misasked("A worker's own part is asked for by window; got none. Name it.")
            return json_answer(await _part(app, by, start_ms, limit))
        if start_ms is None:
            start_ms = await _newest_closed(app)
        return json_answer(await _whole(app, by, start_ms, limit))

    return {"/top": top}


def _by(asked: dict[str, str], rules: WindowRules) -> str:
    by = one_of("by", asked.get("by", "users"), tuple(_NAMES))
    if by != "users" and by not in rules.rankings:
        raise Misasked(
            f"What is ranked is set by CLICKSTREAM_RANKINGS; got by={by}, which is not. Set it, "
            "and restart the workers: clicks from then on are ranked."
        )
    return by


async def _newest_closed(app: "App") -> int:
    windows, at = await newest_windows(app, MAX_LIMIT)
    for start_ms, _ in windows:
        if final(start_ms, at):
            return start_ms
    raise Unknown(
        f"None of the newest {MAX_LIMIT:,} windows is closed yet: stream time must reach its end "
        "plus the grace. Name an open one by window=, or ask again later."
    )


async def _whole(app: "App", by: str, start_ms: int, limit: int) -> Json:
    """The ranking over all partitions."""
    query = {"by": by, "window": str(start_ms), "limit": str(limit)}
    question = Question("/top", query, TopPart, lambda: _part(app, by, start_ms, limit))
    parts = await gathered(app, question)
    rules, at = window_rules(app.settings), places(parts)
    known(rules, start_ms, (part.summary for part in parts), at)
    ranks, others = await asyncio.to_thread(merged_ranks, parts, limit)
    return {
        "by": by,
        "windowStart": iso(start_ms),
        "windowEnd": iso(start_ms + rules.size_ms),
        "final": final(start_ms, at),
        "top": [{_NAMES[by]: name, "clicks": clicks} for name, clicks in ranks],
        "others": others,
        "freshness": freshness(at),
    }


def merged_ranks(parts: Sequence[TopPart], limit: int) -> tuple[list[Rank], dict[str, int]]:
    """The first so many over all parts, and what the others come to: how many, and their clicks."""
    sums = Counter[str]()
    for part in parts:
        for name, clicks in part.ranks:
            sums[name] += clicks
    count = len(sums) + sum(part.count - len(part.ranks) for part in parts)
    clicks = sum(part.clicks for part in parts)
    ranks = first(sums.items(), limit)
    rest = {"count": count - len(ranks), "clicks": clicks - sum(n for _, n in ranks)}
    return ranks, rest


def first(ranks: Iterable[Rank], limit: int) -> list[Rank]:
    """Those with most clicks, most first; of as many, in the order of their names."""
    return sorted(ranks, key=lambda rank: (-rank[1], rank[0]))[:limit]


async def _part(app: "App", by: str, start_ms: int, limit: int) -> TopPart:
    """This worker's part."""
    mine = readings(app.engine, CLICK_COUNTS)
    began = Began(mine)
    summaries = [r.read(lambda rows: summary_of(rows, start_ms)) for r in mine.values()]
    found = [summary for summary in summaries if summary is not None]
    tally = _First(limit) if by == "users" else _All()
    for reading in mine.values():
        await _count(reading, RANKINGS[by], start_ms, tally)
    return TopPart(
        partitions=began.places(),
        summary=sum(found, Summary()) if found else None,
        count=tally.count,
        clicks=tally.clicks,
        ranks=tally.ranks,
    )


async def _count(reading: Reading, kind: bytes, start_ms: int, tally: "_First | _All") -> None:
    prefix = window_key(kind, start_ms)
    async for rows in reading.scan(prefix, window_key(kind, start_ms + 1)):
        tally.add([(key[len(prefix) :].decode(), int(count)) for key, count in rows])


class _First:
    """Keeps the first so many of names that come once."""

    def __init__(self, limit: int) -> None:
        self.count = 0
        self.clicks = 0
        self.ranks: list[Rank] = []
        self._limit = limit

    def add(self, ranks: list[Rank]) -> None:
        self.count += len(ranks)
        self.clicks += sum(clicks for _, clicks in ranks)
        least = self.ranks[-1][1] if len(self.ranks) == self._limit else 0
        self.ranks = first(
            [*self.ranks, *(rank for rank in ranks if rank[1] >= least)], self._limit
        )


class _All:
    """Keeps all names: one may come from several partitions."""

    def __init__(self) -> None:
        self._sums = Counter[str]()

    def add(self, ranks: list[Rank]) -> None:
        for name, clicks in ranks:
            self._sums[name] += clicks

    @property
    def count(self) -> int:
        return len(self._sums)

    @property
    def clicks(self) -> int:
        return self._sums.total()

    @property
    def ranks(self) -> list[Rank]:
        return list(self._sums.items())
