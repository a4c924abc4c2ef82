"""Kafka in memory: topics, transactions, and the links that workers reach it by."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from random import Random
from typing import Any, TypeVar

from aiokafka.errors import KafkaConnectionError, KafkaError, RequestTimedOutError

from tests.models.fakes import DAY
from tests.simulation.log import Log
from tests.simulation.loop import Process, SimLoop
from tests.simulation.transactions import Transactions

T = TypeVar("T")

#: Seconds between looks for transactions left open.
_EXPIRE_SECONDS = 5.0
#: Seconds that a request may take at most before the client gives it up.
_REQUEST_SECONDS = 5.0
#: What may happen to a request.
_FATES = ("lost request", "lost answer", "late request", "slow request", "slow answer")


class Broker:
    """The cluster: one broker that neither forgets nor lies, but may be hard to reach.

    Attributes:
        logs: All partitions.
        transactions: Who may write, and what is committed.
        trace: What happened, in order: when, who, what.
        faults: How many faults of each kind there were.
        flaky: How likely a request meets with a fault.
        drops: How likely a fetched batch does not reach its agent, or reaches it twice.
        down_until: Second until which nobody reaches it.
    """

    def __init__(self, loop: SimLoop, random: Random, counts: Mapping[str, int]) -> None:
        """Begin with empty topics.

        Args:
            loop: Virtual time.
            random: Draws latencies and faults.
            counts: The number of partitions of each topic.
        """
        self.loop = loop
        self.random = random
        self.counts = dict(counts)
        self.logs = {(t, p): Log(t, p) for t, count in counts.items() for p in range(count)}
        self.transactions = Transactions(loop, random, self.logs.__getitem__)
        self.trace: list[tuple[float, str, str, object]] = []
        self.faults: Counter[str] = Counter()
        self.flaky = 0.0
        self.drops = 0.0
        self.down_until = 0.0
        self.on_applied: Callable[[Process | None, str], None] = lambda *_: None
        loop.after(_EXPIRE_SECONDS, self._expire)

    @property
    def now_ms(self) -> int:
        """The broker's clock, epoch ms."""
        return DAY + int((self.loop.time() - 1_000) * 1_000)

    def note(self, who: str, what: str, detail: object = "") -> None:
        """Write into the trace."""
        self.trace.append((self.loop.time(), who, what, detail))

    def fault(self, who: str, what: str, detail: object = "") -> None:
        """Count a fault, and write it into the trace."""
        self.faults[what] += 1
        self.note(who, f"FAULT {what}", detail)

    def latency(self) -> float:
        """Seconds that one way takes: mostly a millisecond or so."""
        draw = self.random.random()
        return draw * 0.004 if draw < 0.95 else draw * 0.1

    def _expire(self) -> None:
        self.transactions.expire()
        self.loop.after(_EXPIRE_SECONDS, self._expire)


class Link:
    """A worker's connection; what a client is given for ``bootstrap_servers``.

    Attributes:
        broker: Where it leads.
        process: Whose it is.
        down_until: Second until which it is cut.
    """

    def __init__(self, broker: Broker, process: Process) -> None:
        self.broker = broker
        self.process = process
        self.down_until = 0.0

    @property
    def up(self) -> bool:
        """Whether requests get through."""
        return self.broker.loop.time() >= max(self.down_until, self.broker.down_until)

    async def call(self, what: str, request: Callable[[], T]) -> T:
        """Have the broker do something, and hear of it; see :meth:`send`."""
        return await self.send(what, request)

    def send(self, what: str, request: Callable[[], T], after: float = 0.0) -> asyncio.Future[T]:
        """Send a request.

        It may be lost; or be done and the answer lost; or be done long after the client has given
        it up.

        Args:
            what: Its name, for the trace.
            request: What the broker is to do.
            after: Virtual second before which it does not arrive: a former one's.
        """
        broker, loop = self.broker, self.broker.loop
        answer: asyncio.Future[T] = loop.create_future()
        delay = max(loop.time() + broker.latency(), after) - loop.time()
        if not self.up:
            loop.after(min(delay * 100, _REQUEST_SECONDS), self._refuse, answer)
        elif broker.flaky and broker.random.random() < broker.flaky:
            self._badly(what, request, answer, delay)
        else:
            loop.after(delay, self._apply, what, request, answer)
        return answer

    def _badly(
        self, what: str, request: Callable[[], T], answer: asyncio.Future[T], delay: float
    ) -> None:
        broker, loop = self.broker, self.broker.loop
        fate = broker.random.choice(_FATES)
        broker.fault(self.process.name, fate, what)
        nobody: asyncio.Future[T] = loop.create_future()
        error = RequestTimedOutError() if broker.random.random() < 0.5 else KafkaConnectionError()
        patience = broker.random.choice((0.05, 0.5, _REQUEST_SECONDS))
        if fate == "slow request":
            loop.after(broker.random.random() * 3, self._apply, what, request, answer)
            return
        if fate == "slow answer":
            slow = broker.random.choice((0.1, 0.5, 3.0))
            loop.after(delay, self._apply, what, request, answer, slow)
            return
        loop.after(delay + patience, _fail, answer, error)
        if fate == "lost answer":
            loop.after(delay, self._apply, what, request, nobody)
        elif fate == "late request":
            late = delay + patience + broker.random.choice((0.01, 1.0, 4.0))
            loop.after(late, self._apply, what, request, nobody)

    def _apply(
        self, what: str, request: Callable[[], T], answer: asyncio.Future[T], slow: float = 0.0
    ) -> None:
        broker = self.broker
        try:
            result = request()
        except KafkaError as error:
            broker.note(self.process.name, what, error)
            self._answer(_fail, answer, error, slow)
            return
        broker.note(self.process.name, what, result)
        broker.on_applied(self.process, what)
        self._answer(_give, answer, result, slow)

    def _answer(
        self, how: Callable[..., None], answer: asyncio.Future[T], result: object, slow: float
    ) -> None:
        delay = slow or (self.broker.latency() if self.broker.random.random() < 0.5 else 0.0)
        if delay:
            self.broker.loop.after(delay, how, answer, result)
        else:
            how(answer, result)

    def _refuse(self, answer: asyncio.Future[Any]) -> None:
        _fail(answer, KafkaConnectionError("It is not reached."))


def _fail(answer: asyncio.Future[Any], error: Exception) -> None:
    if not answer.done():
        answer.set_exception(error)
        answer.add_done_callback(_heard)


def _heard(answer: asyncio.Future[Any]) -> None:
    if not answer.cancelled():
        answer.exception()


def _give(answer: asyncio.Future[T], result: T) -> None:
    if not answer.done():
        answer.set_result(result)
