"""Follows the topics: reckons, and tells the news as it comes."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from dev.demo.digest import Digest
from dev.demo.errors import DemoError
from dev.demo.ledger import Ledger
from dev.demo.news import news_of
from dev.demo.screen import Screen
from dev.demo.site import WINDOW_MS, Site
from dev.demo.topics import committed

PATIENCE_S = 60.0
"""Seconds after which what has not been worked off never will be."""

_TICK_S = 0.2
_QUIET_S = 1.5


@dataclass
class Watch:
    """What the topics hold so far.

    Attributes:
        site: Where.
        screen: What people see.
        ledger: What was read.
        digest: What of it is to be told.
        doing: Tells what is going on.
    """

    site: Site
    screen: Screen
    digest: Digest = field(default_factory=Digest)
    doing: Callable[[], str] = str
    _last_s: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.ledger = Ledger(WINDOW_MS, self.site.prefix)

    async def read(self) -> None:
        """Follow the topics, for ever."""
        async for topic, record in committed(self.site):
            now_s = time.monotonic()
            before = self.ledger.records.total()
            news = news_of(topic, self.ledger.take(topic, record))
            if news is not None:
                self.digest.add(news, now_s)
            if self.ledger.records.total() > before:  # Watermarks never cease.
                self._last_s = now_s

    async def show(self) -> None:
        """Tell the news and what is going on, for ever."""
        while True:
            self.screen.progress(self.doing())
            self.screen.tell(self.digest.due(time.monotonic()))
            await asyncio.sleep(_TICK_S)

    async def until_settled(self) -> None:
        """Wait until every input has come through and nothing more follows from it.

        Raises:
            DemoError: That takes too long.
        """
        deadline_s = time.monotonic() + PATIENCE_S
        closed = self.ledger.closed  # a busy machine may be quiet for a while before the first
        while self._behind() or not closed or time.monotonic() - self._last_s < _QUIET_S:
            if time.monotonic() > deadline_s:
                raise DemoError(
                    f"{self._behind():,} records were not worked off in {PATIENCE_S} s, "
                    f"{len(closed):,} windows closed"
                )
            await asyncio.sleep(_TICK_S)
        self.screen.tell(self.digest.rest())

    def _behind(self) -> int:
        records, dead = self.ledger.records, self.ledger.dead_of
        went_in = records["clicks"] + records["purchases"]
        came_out = records["enriched-clicks"] + records["purchases-by-user"]
        return went_in - came_out - dead["clicks"] - dead["purchases"] + (0 if went_in else 1)
