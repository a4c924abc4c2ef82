"""Is everything that went in accounted for? Asked of topics and web views, never of the stages."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from dev.demo.ledger import Ledger, Pair
from dev.demo.news import plural
from dev.demo.views import Views
from models.timestamps import from_iso, iso

_SHOWN = 3
"""Faults of a kind that are told."""


@dataclass
class Balance:
    """What became of all clicks and purchases.

    Attributes:
        ledger: What was read.
        open: Counts of windows that are not closed, as the web views tell them.
        waiting: Places of purchases that wait for their click, as the web views tell them.
    """

    ledger: Ledger
    open: Counter[Pair] = field(default_factory=Counter)
    waiting: set[str] = field(default_factory=set)

    @property
    def clicks(self) -> dict[str, int]:
        """What became of the clicks; the numbers add up to the clicks that went in."""
        ledger = self.ledger
        return {
            "in closed windows": sum(ledger.closed.values()),
            "in open windows": self.open.total(),
            "late": ledger.late.total(),
            "in dead letters": ledger.dead_of["clicks"],
        }

    @property
    def purchases(self) -> dict[str, int]:
        """What became of the purchases; the numbers add up to the purchases that went in."""
        became = Counter(self.ledger.settled.values())
        return {
            "converted": became["converted"],
            "unattributed": became["unattributed"],
            "late": became["late"],
            "still waiting": len(self.waiting),
            "in dead letters": self.ledger.dead_of["purchases"],
        }

    def balances(self, topic: str) -> bool:
        """Whether what went into an input is what became of it."""
        became = self.clicks if topic == "clicks" else self.purchases
        return self.ledger.records[topic] == sum(became.values())

    def faults(self) -> list[str]:
        """What came twice, and each user's window that is wrong; a few of many."""
        repeated = [f"{what} came more than once" for what in self.ledger.repeated]
        return _few(repeated) + _few(self._wrong_pairs())

    @property
    def right(self) -> bool:
        """Whether all balances, down to each user and window."""
        return self.balances("clicks") and self.balances("purchases") and not self.faults()

    def _wrong_pairs(self) -> list[str]:
        ledger = self.ledger
        counted = Counter(ledger.closed) + self.open + ledger.late
        return [
            f"{plural(ledger.clicked[pair], 'click')} of {pair.user} in the window from "
            f"{iso(pair.start_ms)}, and {counted[pair]:,} accounted for"
            for pair in sorted(ledger.clicked.keys() | counted.keys())
            if ledger.clicked[pair] != counted[pair]
        ]


def _few(faults: list[str]) -> list[str]:
    more = [f"{len(faults) - _SHOWN:,} more like it"] if len(faults) > _SHOWN else []
    return faults[:_SHOWN] + more


async def balanced(ledger: Ledger, views: Views) -> Balance:
    """Draw the balance now; what is not in the topics is asked for.

    Raises:
        ClientError: A worker does not answer.
        TimeoutError: It takes too long.
    """
    balance = Balance(ledger)
    unfinished = {pair for pair in ledger.clicked if pair not in ledger.closed}
    for user in {pair.user for pair in unfinished}:
        for window in await views.ask("click-counts", user) or ():
            pair = Pair(user, from_iso(window["windowStart"]))
            if pair in unfinished:
                balance.open[pair] = window["clickCount"]
    unsettled = ledger.bought.keys() - ledger.settled.keys()
    for user in {ledger.bought[place] for place in unsettled}:
        state = await views.ask("join-state", user) or {"purchases": ()}
        balance.waiting |= unsettled & _places(ledger, state["purchases"])
    return balance


def _places(ledger: Ledger, purchases: Iterable[dict[str, dict[str, int]]]) -> set[str]:
    """Places of pending purchases as a view tells them."""
    topic = f"{ledger.prefix}purchases"
    found = [purchase["purchase"] for purchase in purchases]
    return {f"{topic}-{place['partition']}-{place['offset']}" for place in found}
