"""The clicks that are counted: the same for the same seed, and what their counts must be."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Self

from bench.counts import CLOSING, USER, Counts
from models.records import Click, encode_enriched, source_record
from models.user_agents import UserAgent, classify

#: Partitions of the input topic that the clicks are said to come from.
INPUT_PARTITIONS = 8

SPAN_MS = 2 * 3_600_000
#: A click comes at most this long after later ones, in milliseconds: less than any grace.
DISORDER_MS = 2_000

_SEED = 20_250_101
_PRODUCTS = 1_000
_AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Mobile/15E148 Safari",
    "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
)


#: The user agents of the clicks, in turn.
_AGENTS_READ = tuple(classify(agent) for agent in _AGENTS)


@dataclass(frozen=True, slots=True)
class Event:
    """A click before it is written.

    Attributes:
        number: Counted from 0.
        user: Number of the user.
        product: Number of the product.
        event_ms: When it happened.
    """

    number: int
    user: int
    product: int
    event_ms: int


@dataclass(slots=True)
class Clicks:
    """Clicks of users drawn evenly: the more users, the fewer clicks share a row.

    Attributes:
        count: How many.
        users: How many users there are.
        end_ms: Event time ends about here; it spans SPAN_MS.
        topic: Full name of the input topic they are said to come from.
        window_ms: Length of a window, for the counts.
        partitions: Of the topic they are written to: each gets a closing click.
        expected: Clicks by user and window, of those given so far.
        stream_times_ms: S(q) of the input partitions, of those given so far.
    """

    count: int
    users: int
    end_ms: int
    topic: str
    window_ms: int
    partitions: int = 8
    expected: Counts = field(init=False)
    stream_times_ms: list[int] = field(default_factory=lambda: [0] * INPUT_PARTITIONS)

    def __post_init__(self) -> None:
        first_ms = self.end_ms - SPAN_MS - DISORDER_MS
        first_ms -= first_ms % self.window_ms
        windows = (self.end_ms - first_ms) // self.window_ms + 1
        self.expected = Counts(self.users, first_ms, self.window_ms, windows, self.partitions)

    def unread(self) -> Self:
        """The same clicks, none of them given yet."""
        of = (self.count, self.users, self.end_ms, self.topic, self.window_ms, self.partitions)
        return type(self)(*of)

    @property
    def closing_ms(self) -> int:
        """Event time of the closing clicks: all windows of the others have closed by then."""
        return self.end_ms + SPAN_MS

    def events(self) -> Iterator[Event]:
        """The clicks, the same for the same seed; each is added to what is expected."""
        chance = random.Random(_SEED).random
        start_ms, expected = self.end_ms - SPAN_MS, self.expected
        cells, windows = expected.cells, expected.windows
        for number in range(self.count):
            event_ms = start_ms + number * SPAN_MS // self.count - int(chance() * DISORDER_MS)
            user = int(chance() * self.users)
            cells[user * windows + (event_ms - expected.start_ms) // self.window_ms] += 1
            yield Event(number, user, int(chance() * _PRODUCTS), event_ms)

    def __iter__(self) -> Iterator[tuple[bytes, bytes]]:
        """Key and value of each enriched click."""
        for event in self.events():
            q, offset = event.number % INPUT_PARTITIONS, event.number // INPUT_PARTITIONS
            self.stream_times_ms[q] = max(self.stream_times_ms[q], event.event_ms)
            user, product = user_name(event.user), product_name(event.product)
            click = Click(user, event.event_ms, f"/products/{product}", product, None, {})
            yield user.encode(), self._enriched(click, event.number, q, offset)

    def closing(self, partition: int) -> tuple[bytes, bytes]:
        """Key and value of the enriched click that closes all windows of a partition."""
        q, offset = partition % INPUT_PARTITIONS, self.count + partition
        self.stream_times_ms[q] = self.closing_ms
        click = Click(f"{CLOSING}{partition}", self.closing_ms, None, None, None, {})
        return click.user_id.encode(), self._enriched(click, partition, q, offset)

    def _enriched(self, click: Click, number: int, q: int, offset: int) -> bytes:
        agent: UserAgent = _AGENTS_READ[number % len(_AGENTS_READ)]
        source = source_record(self.topic, q, offset)
        return encode_enriched(click, agent, source, self.stream_times_ms[q])


def user_name(number: int) -> str:
    """The id of a user."""
    return f"{USER}{number:05d}"


@lru_cache
def product_name(number: int) -> str:
    """The id of a product."""
    return f"product-{number}"


def agent_name(number: int) -> str:
    """The user agent of a click, as its browser says it."""
    return _AGENTS[number % len(_AGENTS)]
