"""The clicks that are counted: the same for the same seed, and what their counts must be."""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from models.records import Click, encode_enriched, source_record
from models.user_agents import classify

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


@dataclass(slots=True)
class Clicks:
    """Enriched clicks of users drawn evenly: the more users, the fewer clicks share a row.

    Attributes:
        count: How many.
        users: How many users there are.
        end_ms: Event time ends about here; it spans SPAN_MS.
        topic: Full name of the input topic they are said to come from.
        window_ms: Length of a window, for the counts.
        expected: Clicks by window start and user, of those given so far.
        stream_times_ms: S(q) of the input partitions, of those given so far.
    """

    count: int
    users: int
    end_ms: int
    topic: str
    window_ms: int
    expected: Counter[tuple[int, str]] = field(default_factory=Counter)
    stream_times_ms: list[int] = field(default_factory=lambda: [0] * INPUT_PARTITIONS)

    def __iter__(self) -> Iterator[tuple[bytes, bytes]]:
        """Key and value of each enriched click."""
        chance = random.Random(_SEED)
        agents = [classify(agent) for agent in _AGENTS]
        start_ms = self.end_ms - SPAN_MS
        for number in range(self.count):
            event_ms = start_ms + number * SPAN_MS // self.count
            event_ms -= int(chance.random() * DISORDER_MS)
            user = f"user-{int(chance.random() * self.users):05d}"
            product = f"product-{int(chance.random() * _PRODUCTS)}"
            q, offset = number % INPUT_PARTITIONS, number // INPUT_PARTITIONS
            self.stream_times_ms[q] = max(self.stream_times_ms[q], event_ms)
            self.expected[event_ms - event_ms % self.window_ms, user] += 1
            click = Click(user, event_ms, f"/products/{product}", product, None, {})
            source = source_record(self.topic, q, offset)
            agent = agents[number % len(agents)]
            yield user.encode(), encode_enriched(click, agent, source, self.stream_times_ms[q])
