"""A web shop with its visitors: who comes, what they look at, what they buy. Pure, seeded."""

from bisect import bisect
from collections.abc import Callable, Sequence
from itertools import accumulate
from math import exp
from random import Random
from typing import TypeVar

import msgspec

from app.inputs.agents import Agents
from models.timestamps import iso

T = TypeVar("T")

#: Clicks of a visit beyond the first, on average: of people, of bots.
_PEOPLE_CLICKS = 5.0
_BOT_CLICKS = 40.0

#: One visitor in this many is a bot; one in that many sends its time as a number.
_BOT_EVERY = 50
_EPOCH_EVERY = 8

#: Chance of a visit with product pages to end in a purchase, and of a purchase to have no click.
_BUYS = 0.08
_UNSEEN = 0.05

#: Milliseconds from click to purchase: median 6 minutes, one in 25 over an hour.
_BUY_MEDIAN_MS, _BUY_SIGMA = 360_000, 1.3

#: Milliseconds from click to click: median 12 seconds; bots take one to two.
_THINK_MEDIAN_MS, _THINK_SIGMA = 12_000, 1.0

#: Numbers drawn beforehand for each distribution: drawing from them costs a tenth.
_DRAWN = 8_192

#: Exponents of Zipf's law for products and visitors.
_PRODUCT_ZIPF, _USER_ZIPF = 1.05, 0.7

#: Shares: product pages among clicks, visits with the second device, orders of one piece.
_PRODUCT_PAGES = 0.6
_SECOND_DEVICE = 0.3
_ONE_PIECE = 0.8

_OTHER_PAGES = ("/", "/search", "/categories/books", "/categories/garden", "/cart", "/help")
_CURRENCIES = ("EUR", "EUR", "EUR", "USD", "GBP", "JPY")


Stamp = Callable[[int], str | int]


class Click(msgspec.Struct, rename="camel", omit_defaults=True):
    """A page view as a tracker reports it."""

    user_id: str
    timestamp: str | int
    page: str
    session_id: str
    user_agent: str
    product_id: str | None = None
    referrer: str | None = None


class Purchase(msgspec.Struct, rename="camel"):
    """An order of one product as a shop reports it."""

    user_id: str
    product_id: str
    timestamp: str | int
    order_id: str
    quantity: int
    amount: float
    currency: str


class Shop:
    """Visitors and products, and what one visit is made of.

    Attributes:
        mean_clicks: Clicks of a visit on average.
    """

    def __init__(self, rng: Random, users: int, products: int, agents: Agents) -> None:
        """Draw the population.

        Args:
            rng: The only source of chance.
            users: How many visitors there are, at least 1.
            products: How many products there are, at least 1.
            agents: Their browsers.
        """
        self._random = rng.random
        self._users = _zipf(users, _USER_ZIPF)
        self._products = _zipf(products, _PRODUCT_ZIPF)
        self._prices = [round(exp(rng.gauss(3.2, 0.9)) + 0.99, 2) for _ in range(products)]
        self._agents = _agents_of(rng, users, agents)
        self._think = drawn(lambda: int(_THINK_MEDIAN_MS * exp(rng.gauss(0, _THINK_SIGMA))))
        self._buy = drawn(lambda: int(_BUY_MEDIAN_MS * exp(rng.gauss(0, _BUY_SIGMA))))
        self._people_clicks = drawn(lambda: 1 + int(rng.expovariate(1 / _PEOPLE_CLICKS)))
        self._bot_clicks = drawn(lambda: 1 + int(rng.expovariate(1 / _BOT_CLICKS)))
        self._visits = 0
        self._orders = 0
        self.mean_clicks = self._mean_clicks()

    def visit(
        self, start_ms: int
    ) -> tuple[list[tuple[int, Click]], list[tuple[int, int, Purchase]]]:
        """One visit.

        Args:
            start_ms: When its first click happens.

        Returns:
            Clicks with their times; purchases with their times and the number of their click.
        """
        self._visits += 1
        draw = self._random
        user = pick(self._users, draw())
        bot = user % _BOT_EVERY == 0
        stamp: Stamp = _epoch if user % _EPOCH_EVERY == 1 else iso
        agent = self._agents[user][draw() < _SECOND_DEVICE]
        clicks: list[tuple[int, Click]] = []
        at_ms, referrer = start_ms, None
        for _ in range(one_of(self._bot_clicks if bot else self._people_clicks, draw())):
            page, product = self._page()
            click = Click(
                f"user-{user}", stamp(at_ms), page, f"s{self._visits:x}", agent, product, referrer
            )
            clicks.append((at_ms, click))
            referrer = page
            at_ms += 1_000 + int(1_000 * draw()) if bot else one_of(self._think, draw())
        if bot or draw() >= _BUYS:
            return clicks, []
        return clicks, self._purchases(user, clicks, stamp)

    def _page(self) -> tuple[str, str | None]:
        draw = self._random
        if draw() >= _PRODUCT_PAGES:
            return one_of(_OTHER_PAGES, draw()), None
        product = f"product-{pick(self._products, draw())}"
        return f"/products/{product}", product

    def _purchases(
        self, user: int, clicks: list[tuple[int, Click]], stamp: Stamp
    ) -> list[tuple[int, int, Purchase]]:
        draw = self._random
        seen = [(n, click.product_id) for n, (_, click) in enumerate(clicks) if click.product_id]
        if not seen:
            return []
        number, product = one_of(seen, draw())
        if draw() < _UNSEEN:
            product = f"product-{int(draw() * len(self._products))}"
        at_ms = clicks[number][0] + one_of(self._buy, draw())
        self._orders += 1
        quantity = 1 if draw() < _ONE_PIECE else 2
        amount = round(quantity * self._prices[int(product.removeprefix("product-"))], 2)
        currency = _CURRENCIES[user % len(_CURRENCIES)]
        order = f"o{self._orders:08}"
        bought = Purchase(f"user-{user}", product, stamp(at_ms), order, quantity, amount, currency)
        return [(at_ms, number, bought)]

    def _mean_clicks(self) -> float:
        total = self._users[-1]
        bots = sum(
            self._users[i] - (self._users[i - 1] if i else 0)
            for i in range(0, len(self._users), _BOT_EVERY)
        )
        people = sum(self._people_clicks) / _DRAWN
        return people + bots / total * (sum(self._bot_clicks) / _DRAWN - people)


def one_of(values: Sequence[T], chance: float) -> T:
    """One of the values, all equally likely; chance is in [0, 1)."""
    return values[int(chance * len(values))]


def pick(cum_weights: Sequence[float], chance: float) -> int:
    """The index that a chance in [0, 1) falls on, by weight."""
    return bisect(cum_weights, chance * cum_weights[-1])


def drawn(draw: Callable[[], int]) -> tuple[int, ...]:
    """Numbers of a distribution, to draw from again."""
    return tuple(draw() for _ in range(_DRAWN))


def _zipf(count: int, exponent: float) -> list[float]:
    return list(accumulate(rank**-exponent for rank in range(1, count + 1)))


def _agents_of(rng: Random, users: int, agents: Agents) -> list[tuple[str, str]]:
    """Two devices for each visitor."""
    people = rng.choices(agents.people, cum_weights=agents.cum_weights, k=2 * users)
    pairs = list(zip(people[::2], people[1::2], strict=True))
    for bot in range(0, users, _BOT_EVERY):
        agent = rng.choice(agents.bots)
        pairs[bot] = (agent, agent)
    return pairs


def _epoch(ms: int) -> int:
    return ms
