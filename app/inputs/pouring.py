"""Traffic into Kafka, at its pace."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from app.inputs.bulk import BulkSender
from app.inputs.traffic import Event

#: Seconds between two looks at an interruption while nothing is due.
_TICK_S = 0.05

#: Messages between two looks at the clock when nothing else stops the sending: about 5 ms.
_MESSAGES_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Pace:
    """When messages are sent.

    Attributes:
        rate: Messages a second, or None.
        live: Whether a message is sent at its arrival time.
        seconds: How long the run lasts, or None.
        began_s: The monotonic clock at the run's beginning.
    """

    rate: float | None
    live: bool
    seconds: float | None
    began_s: float = field(default_factory=time.monotonic)

    def wait_s(self, event: Event, sent: int) -> float:
        """Seconds until a message is due; none or less if it is.

        Args:
            event: The message.
            sent: How many were sent before it.
        """
        if self.live:
            return event.arrival_ms / 1000 - time.time()
        if self.rate is None:
            return 0.0
        return self.began_s + sent / self.rate - time.monotonic()

    def over(self) -> bool:
        """Whether the run has lasted as long as it should."""
        return self.seconds is not None and time.monotonic() - self.began_s >= self.seconds


@dataclass(slots=True)
class Sent:
    """What was sent, by topic, rubbish and lateness apart; the event times it spans."""

    disorder_ms: int
    counts: Counter[str] = field(default_factory=Counter)
    messages: int = 0
    last_ms: int = 0

    def add(self, event: Event) -> None:
        """Count a message."""
        self.messages += 1
        if event.rubbish:
            self.counts["rubbish"] += 1
            return
        self.counts[event.topic] += 1
        self.last_ms = max(self.last_ms, event.event_ms)
        if event.arrival_ms - event.event_ms > self.disorder_ms:
            self.counts["late"] += 1

    def summary(self, rate: float) -> str:
        """Counts and rate."""
        names = ("clicks", "purchases", "late", "rubbish")
        counted = ", ".join(f"{self.counts[name]:,} {name}" for name in names)
        return f"{counted}, {rate:,.0f} messages/s"


@dataclass(frozen=True, slots=True)
class Pourer:
    """Sends messages when they are due.

    Attributes:
        sender: Takes them.
        topics: Full names by short name.
        pace: When they are due.
        sent: Counts them.
        proceed: Asked many times a second whether to go on.
    """

    sender: BulkSender
    topics: dict[str, str]
    pace: Pace
    sent: Sent
    proceed: Callable[[], bool]

    async def pour(self, events: Iterable[Event]) -> None:
        """Send until there are no more messages or it is told to stop.

        Args:
            events: In the order they are sent.

        Raises:
            aiokafka.errors.KafkaError: The broker is gone, or refuses.
        """
        for event in events:
            if self.sent.messages % _MESSAGES_AT_ONCE == 0 and not await self._breathe():
                break
            wait_s = self.pace.wait_s(event, self.sent.messages)
            if wait_s > 0 and not await self._rest(wait_s):
                break
            self.sender.add(self.topics[event.topic], event.key, event.value)
            self.sent.add(event)
        await self.sender.flush()

    async def _breathe(self) -> bool:
        await self.sender.push()
        await asyncio.sleep(0)
        return self.proceed()

    async def _rest(self, wait_s: float) -> bool:
        """Send what was added and wait until the next is due; whether to go on."""
        due_s = time.monotonic() + wait_s
        await self.sender.flush()
        while (left_s := due_s - time.monotonic()) > 0:
            await asyncio.sleep(min(max(left_s, _TICK_S / 2), _TICK_S))
            if not self.proceed():
                return False
        return True
