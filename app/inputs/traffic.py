"""A clickstream as a message broker gets it: late, out of order, with rubbish. Pure, seeded.

Time runs by arrival. What happens at t arrives at t plus a delay of at most ``disorder_ms``; the
share ``late`` of visits happens without a connection and is sent minutes later. Arrivals are
gathered in slices: when every visit that begins in a slice is known, whatever arrives in it is.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from operator import itemgetter
from random import Random
from typing import NamedTuple

import msgspec

from app.inputs.agents import Agents, real_agents
from app.inputs.rubbish import broken
from app.inputs.shop import Click, Purchase, Shop, drawn, one_of
from app.topics import CLICKS, PURCHASES

#: 2025-01-01T00:00:00Z: a start that is the same on every machine and every day.
DEFAULT_START_MS = 1_735_689_600_000

#: Milliseconds that a late visit is held back: window and grace (5 and 2 minutes) to 40 minutes.
LATE_FROM_MS, LATE_TO_MS = 420_000, 2_400_000

#: Milliseconds of arrival gathered at once.
_SLICE_MS = 1_000

#: Milliseconds before the start in which visits begin already: the flow is even from the start on.
_WARM_UP_MS = 600_000

#: Share of rubbish that goes to purchases.
_RUBBISH_PURCHASES = 0.2

_ARRIVAL = itemgetter(0)
_encode = msgspec.json.Encoder().encode


class Event(NamedTuple):
    """One message.

    Attributes:
        arrival_ms: When it is sent.
        event_ms: When it happened; that of the good message where this one is rubbish.
        topic: Short name of its topic.
        key: Bytes of userId, None for rubbish.
        value: What is sent.
        cause_ms: Of a purchase, when its click arrived; else arrival_ms.
    """

    arrival_ms: int
    event_ms: int
    topic: str
    key: bytes | None
    value: bytes
    cause_ms: int

    @property
    def rubbish(self) -> bool:
        """Whether it is no record."""
        return self.key is None


@dataclass(frozen=True, slots=True)
class Traffic:
    """A clickstream that is the same for the same values.

    Attributes:
        seed: Of chance.
        users: Visitors there are, at least 1.
        products: Products there are, at least 1.
        start_ms: When the first messages arrive, epoch milliseconds; late ones happened before.
        clicks_per_s: Clicks a second of event time, above 0.
        disorder_ms: Longest ordinary delay; most are a quarter of it or less.
        late: Share of visits that come minutes late, 0 to 1.
        rubbish: Broken messages for each click, 0 to 1; they come beside the clicks.
        agents: The user agents of visitors.
    """

    seed: int = 1
    users: int = 10_000
    products: int = 1_000
    start_ms: int = DEFAULT_START_MS
    clicks_per_s: float = 100.0
    disorder_ms: int = 5_000
    late: float = 0.01
    rubbish: float = 0.001
    agents: Agents = field(default_factory=real_agents, repr=False)

    def events(self, clicks: int | None = None) -> Iterator[Event]:
        """The messages in the order they are sent.

        Args:
            clicks: End after that many clicks, and the purchases that follow them; None never ends.
        """
        flow = _Flow(self)
        sent = 0
        for events in flow.slices():
            for number, event in enumerate(events):
                yield event
                sent += event.topic == CLICKS and not event.rubbish
                if sent == clicks:
                    rest = events[number + 1 :] + flow.rest()
                    yield from (e for e in rest if _follows(e, event.arrival_ms))
                    return


def _follows(event: Event, end_ms: int) -> bool:
    return event.topic == PURCHASES and not event.rubbish and event.cause_ms <= end_ms


class _Flow:
    """Visits poured into slices of arrival time."""

    def __init__(self, traffic: Traffic) -> None:
        # Chance here makes sample data, no secrets.
        rng = Random(traffic.seed)  # noqa: S311
        self._rng = rng
        self._random = rng.random
        self._traffic = traffic
        self._shop = Shop(rng, traffic.users, traffic.products, traffic.agents)
        mean_ms = max(traffic.disorder_ms, 1) / 4
        longest_ms = traffic.disorder_ms
        self._delays = drawn(lambda: min(int(rng.expovariate(1 / mean_ms)), longest_ms))
        self._late_delays = drawn(lambda: rng.randint(LATE_FROM_MS, LATE_TO_MS))
        self._visits_per_ms = traffic.clicks_per_s / self._shop.mean_clicks / 1000
        self._next_visit_ms = traffic.start_ms - _WARM_UP_MS + rng.expovariate(self._visits_per_ms)
        self._pending: defaultdict[int, list[Event]] = defaultdict(list)

    def slices(self) -> Iterator[list[Event]]:
        """Slice after slice of messages, in order of arrival, without end."""
        slice_ = self._traffic.start_ms // _SLICE_MS
        while True:
            while self._next_visit_ms < (slice_ + 1) * _SLICE_MS:
                self._add_visit(int(self._next_visit_ms))
                self._next_visit_ms += self._rng.expovariate(self._visits_per_ms)
            yield sorted(self._pending.pop(slice_, []), key=_ARRIVAL)
            slice_ += 1

    def rest(self) -> list[Event]:
        """What is under way already, in order of arrival."""
        return sorted((e for events in self._pending.values() for e in events), key=_ARRIVAL)

    def _add_visit(self, start_ms: int) -> None:
        late = self._random() < self._traffic.late
        held_ms = one_of(self._late_delays, self._random()) if late else 0
        clicks, purchases = self._shop.visit(start_ms - held_ms)
        arrivals = [self._arrival(at_ms, held_ms) for at_ms, _ in clicks]
        for (at_ms, click), arrival_ms in zip(clicks, arrivals, strict=True):
            self._add(CLICKS, at_ms, arrival_ms, click, arrival_ms)
        for at_ms, number, purchase in purchases:
            self._add(PURCHASES, at_ms, self._arrival(at_ms, held_ms), purchase, arrivals[number])

    def _arrival(self, at_ms: int, held_ms: int) -> int:
        return at_ms + held_ms + one_of(self._delays, self._random())

    def _add(
        self, topic: str, at_ms: int, arrival_ms: int, record: Click | Purchase, cause_ms: int
    ) -> None:
        if min(arrival_ms, cause_ms) < self._traffic.start_ms:
            return
        value = _encode(record)
        event = Event(arrival_ms, at_ms, topic, record.user_id.encode(), value, cause_ms)
        self._pending[arrival_ms // _SLICE_MS].append(event)
        if topic == CLICKS and self._random() < self._traffic.rubbish:
            self._add_rubbish(arrival_ms, at_ms, value)

    def _add_rubbish(self, arrival_ms: int, at_ms: int, good: bytes) -> None:
        topic = PURCHASES if self._random() < _RUBBISH_PURCHASES else CLICKS
        value = broken(self._rng, msgspec.json.decode(good))
        event = Event(arrival_ms, at_ms, topic, None, value, arrival_ms)
        self._pending[arrival_ms // _SLICE_MS].append(event)
