"""The demo's acts, one after the other in the same topics."""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientError, ClientSession

from dev.demo.balance import Balance, balanced
from dev.demo.digest import MANY
from dev.demo.errors import BalanceError, DemoError
from dev.demo.news import clock, duration, plural
from dev.demo.processes import run
from dev.demo.screen import Screen
from dev.demo.site import Site
from dev.demo.summary import show_summary, show_verdicts
from dev.demo.views import Views
from dev.demo.watch import PATIENCE_S, Watch
from dev.demo.workers import Worker, until_ready
from models.timestamps import iso

LOG = "tests/data/access-excerpt.log"
_PRODUCT = r"^/presentations/([^/]+)/(?:$|.*\.js)"
_PURCHASE = r"^GET /presentations/.*\.js"

_SPEED = 100
"""Seconds of event time that pass in one: an hour and forty minutes in a minute."""

_RATE = 400
"""Messages a second: far below what two slow cores do, so that there is time to look."""

_DID = re.compile(r" is (loaded|done)")
_MINUTE_MS = 60_000
_POLL_S = 0.5


@dataclass
class Play:
    """One run.

    Attributes:
        site: Where.
        screen: What people see.
        workers: Under supervision.
        watch: Follows the topics.
        seconds: How long to generate traffic.
    """

    site: Site
    screen: Screen
    workers: Sequence[Worker]
    watch: Watch
    seconds: int
    began_s: float = field(default_factory=time.monotonic)

    async def perform(self) -> None:
        """All acts, then the summary.

        Raises:
            DemoError: Something failed, or took too long.
            BalanceError: What went in is not what came out.
        """
        await self._meet_workers()
        async with ClientSession() as session:
            views = Views(session, [worker.url for worker in self.workers])
            await self._real_input()
            await self._invite(views)
            await self._generated_traffic()
            balance = await self._settled(views)
        self._finish(balance)

    async def _meet_workers(self) -> None:
        self.screen.heading("Two workers")
        self.watch.doing = lambda: "the workers start"
        for worker in self.workers:
            await until_ready(worker)
            self.screen.say(f"Worker {worker.number}: process {worker.pid}, {worker.url}")
        self.screen.say(
            f"Kill one and see what happens (kill -9 {self.workers[0].pid}): it is started again, "
            "and no click is lost or counted twice. That is checked at the end."
        )

    async def _real_input(self) -> None:
        self.screen.heading(f"1. Real input: {LOG}")
        self.screen.say(
            "500 lines of a web server's log. It is no shop's, so something must play one: talks "
            "under /presentations/ play the products, opening a talk's page is the click, and the "
            "scripts (*.js) that the browser then asks for are the purchases."
        )
        self.watch.doing = lambda: "loading the log"
        options = ("--product", _PRODUCT, "--purchases", _PURCHASE)
        self.screen.say(_farewell(await run(self.site, "load", "load", LOG, *options)))
        await self.watch.until_settled()

    async def _invite(self, views: Views) -> None:
        """Say where to ask for a user's counts, once it is true."""
        windows = Counter(pair.user for pair in self.watch.ledger.closed)
        user = max(sorted(windows), key=windows.__getitem__)
        answer = await self._agreed(views, user)
        self.screen.heading("Ask for a user's counts while this runs:")
        for url in views.urls:
            self.screen.command(f"curl {url}{views.path('click-counts', user)}")
        counts = ", ".join(
            f"{clock(window['windowStart'])} {plural(window['clickCount'], 'click')}"
            + ("" if window["final"] else " (still open)")
            for window in answer
        )
        self.screen.say(f"Both workers answer, whoever has the user: {counts}.")

    async def _agreed(self, views: Views, user: str) -> Any:
        deadline_s = time.monotonic() + PATIENCE_S
        while (answer := await views.agree("click-counts", user)) is None:
            if time.monotonic() > deadline_s:
                raise DemoError(f"The workers give no common answer for user {user}")
            await asyncio.sleep(_POLL_S)
        return answer

    async def _generated_traffic(self) -> None:
        ledger, began_s = self.watch.ledger, time.monotonic()
        start = iso((ledger.event_ms // _MINUTE_MS + 1) * _MINUTE_MS)
        self.screen.heading(f"2. Generated traffic: {self.seconds} seconds of it")
        self.screen.say(
            f"A shop's visitors go on where the log ends, and close its last windows. Windows keep "
            f"their five minutes: instead, event time runs {_SPEED} times as fast as the clock. "
            "One visit in a hundred comes too late, two messages in a thousand are rubbish."
        )
        self.watch.digest.shares = MANY
        self.watch.doing = lambda: self._progress(began_s)
        options = {
            "--start": start,
            "--rate": _RATE,
            "--density": _RATE / _SPEED,
            "--seconds": self.seconds,
            "--late": 0.01,
            "--rubbish": 0.002,
        }
        words = [str(word) for option in options.items() for word in option]
        said = await run(self.site, "generate", "generate", *words)
        self.watch.doing = lambda: "working off the rest"
        await self.watch.until_settled()
        self.screen.say(_farewell(said))

    def _progress(self, began_s: float) -> str:
        ledger = self.watch.ledger
        left_s = max(self.seconds - int(time.monotonic() - began_s), 0)
        return (
            f"event time {clock(iso(ledger.event_ms))}, {ledger.records['clicks']:,} clicks in, "
            f"{len(ledger.closed):,} counts closed, {len(ledger.conversions):,} conversions, "
            f"{left_s} s left"
        )

    async def _settled(self, views: Views) -> Balance:
        """The balance once it is right, or as it is when it should be."""
        deadline_s = time.monotonic() + PATIENCE_S
        self.watch.doing = lambda: "asking the workers for what is still open"
        while True:
            overdue = time.monotonic() > deadline_s
            try:
                balance = await balanced(self.watch.ledger, views)
            except (ClientError, TimeoutError) as error:
                if overdue:
                    raise DemoError(f"The workers' views don't answer: {error}") from None
            else:
                if overdue or balance.right:
                    return balance
            await asyncio.sleep(_POLL_S)

    def _finish(self, balance: Balance) -> None:
        self.watch.doing = lambda: "the workers end"
        self.screen.tell(self.watch.digest.rest())
        self.screen.heading("Summary")
        restarts = sum(worker.deaths for worker in self.workers)
        took = duration(time.monotonic() - self.began_s)
        show_summary(self.screen, balance, restarts, took)
        self.screen.heading("Is everything accounted for?")
        if not show_verdicts(self.screen, balance):
            raise BalanceError("What went in is not what came out: see above")


def _farewell(said: str) -> str:
    """Of what a command printed, the line that tells what it did."""
    lines = said.splitlines()
    return next((line for line in lines if _DID.search(line)), lines[-1])
