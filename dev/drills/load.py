"""Clicks and purchases in bulk, the same for the same seed, sent whatever happens to the broker.

What is sent twice or not at all when the broker dies is none of the application's business: the
outputs are judged by what the input topics hold in the end.
"""

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from app.inputs.agents import real_agents
from app.inputs.bulk import BATCH_BYTES, NO_HEADERS, BulkSender, Headers
from app.inputs.rubbish import broken
from app.topics import CLICKS, PURCHASES
from dev.demo.site import Site

INPUT_PARTITIONS = {CLICKS: 5, PURCHASES: 3}
"""Unlike each other, and unlike the inner topics'."""

START_MS = 1_735_689_600_000
"""2025-01-01T00:00:00Z."""

_STEP_MS = 50
"""Milliseconds of event time between two records at most: 200,000 take an hour and a half."""

_LATER_MS = 36_000_000
"""How far the last records lie ahead: all windows close, nothing can match any more."""

_USERS, _PRODUCTS = 3_000, 150
_AT_ONCE = 500
"""Records made before others may run: a few milliseconds."""

_FLUSH_S = 0.1
_TRICKLE = 0.1
"""Share of the rate that goes on when all records are sent and the faults are not over."""

Record = tuple[str, bytes | None, bytes | None]


class Shop:
    """Records without end: topic, key, value."""

    def __init__(self, seed: int) -> None:
        """Open the shop; the same seed sells the same."""
        self.now_ms = START_MS
        self._random = random.Random(seed)
        agents = real_agents()
        drawn = (*agents.people[:40], *agents.bots[:5])
        self._agents = [json.dumps(agent)[1:-1].encode() for agent in drawn]
        self._recent = [(b"user-0", b"product-0")] * 1_000

    def records(self) -> Iterator[Record]:
        """Mostly clicks; a tenth purchases, most of them of what was clicked; some rubbish."""
        chance = self._random.random
        while True:
            self.now_ms += int(chance() * _STEP_MS)
            dice = chance()
            if dice < 0.9:  # noqa: PLR2004 the share
                yield CLICKS, *self._click()
            elif dice < 0.997:  # noqa: PLR2004 the share
                yield PURCHASES, *self._purchase()
            else:
                good = {"userId": "u", "timestamp": self.now_ms, "productId": "p"}
                yield CLICKS if dice < 0.999 else PURCHASES, None, broken(self._random, good)  # noqa: PLR2004

    def _at_ms(self) -> int:
        """Seconds of disorder; one in fifty so late that its window may have closed."""
        chance = self._random.random
        back_ms = 1_200_000 if chance() < 0.02 else 20_000  # noqa: PLR2004 the share
        return self.now_ms - int(chance() * back_ms)

    def _click(self) -> tuple[bytes, bytes]:
        chance = self._random.random
        user = b"user-%d" % (chance() * _USERS)
        product = b"product-%d" % (chance() * _PRODUCTS)
        self._recent[int(chance() * len(self._recent))] = (user, product)
        agent = self._agents[int(chance() * len(self._agents))]
        value = b'{"userId":"%b","timestamp":%d,"page":"/%b","productId":"%b","userAgent":"%b"}'
        return user, value % (user, self._at_ms(), product, product, agent)

    def _purchase(self) -> tuple[bytes, bytes]:
        user, product = self._recent[int(self._random.random() * len(self._recent))]
        if self._random.random() < 0.2:  # noqa: PLR2004 the share
            product = b"product-nobody-saw"
        value = b'{"userId":"%b","timestamp":%d,"productId":"%b","orderId":%d}'
        return user, value % (user, self._at_ms(), product, self._random.getrandbits(40))


class Load:
    """Sends a shop's records.

    Attributes:
        sent: Records so far.
        over: Whether nothing more will be sent.
        rate: Records a second.
    """

    def __init__(self, site: Site, seed: int, records: int, rate: int) -> None:
        """Prepare to send.

        Args:
            site: Where.
            seed: Of the records.
            records: How many at least, at the full rate; then a trickle.
            rate: Records a second.
        """
        self.sent = 0
        self.over = False
        self.rate = rate
        self._site = site
        self._records = records
        self._shop = Shop(seed)
        self._enough = asyncio.Event()
        self._partitions = {site.topic(short): n for short, n in INPUT_PARTITIONS.items()}

    @property
    def done(self) -> bool:
        """Whether the records asked for are sent."""
        return self.sent >= self._records

    async def run(self) -> None:
        """Send until there is enough, then what closes all windows; then wait, for ever."""
        records = self._shop.records()
        while not (self._enough.is_set() and self.done):
            with suppress(KafkaError, OSError):  # the broker is gone: dial it again
                async with _producing(self._site) as producer:
                    await self._pour(records, producer)
            await asyncio.sleep(0.1)
        async with _producing(self._site) as producer:
            await self._close(producer)
        self.over = True
        await asyncio.Event().wait()

    def end(self) -> None:
        """End as soon as the records asked for are sent."""
        self._enough.set()

    async def put(
        self, records: list[Record], headers: Headers = NO_HEADERS, **options: Any
    ) -> None:
        """Send records at once, by a producer of their own.

        Args:
            records: To be sent.
            headers: Of each record.
            options: Of the producer.
        """
        async with _producing(self._site, **options) as producer:
            sender = BulkSender(producer, self._partitions)
            for topic, key, value in records:
                sender.add(self._site.topic(topic), key, value, list(headers))
            await sender.flush()
        self.sent += len(records)

    async def _pour(self, records: Iterator[Record], producer: AIOKafkaProducer) -> None:
        topics = {short: self._site.topic(short) for short in INPUT_PARTITIONS}
        sender = BulkSender(producer, self._partitions)
        began_s = flushed_s = time.monotonic()
        due = 0.0
        while not (self._enough.is_set() and self.done):
            for _, (topic, key, value) in zip(range(_AT_ONCE), records, strict=False):
                sender.add(topics[topic], key, value)
            self.sent += _AT_ONCE
            due += _AT_ONCE / (self.rate * (_TRICKLE if self.done and self._records else 1))
            await sender.push()
            await asyncio.sleep(max(began_s + due - time.monotonic(), 0))
            if time.monotonic() - flushed_s > _FLUSH_S:
                await sender.flush()
                flushed_s = time.monotonic()
        await sender.flush()

    async def _close(self, producer: AIOKafkaProducer) -> None:
        value = b'{"userId":"last-%d","productId":"last","timestamp":%d,"page":"/last"}'
        at_ms = self._shop.now_ms + _LATER_MS
        for short, count in INPUT_PARTITIONS.items():
            for number in range(count):
                last = value % (number, at_ms)
                await producer.send_and_wait(self._site.topic(short), last, partition=number)
                self.sent += 1


@asynccontextmanager
async def _producing(site: Site, **options: Any) -> AsyncIterator[AIOKafkaProducer]:
    options = {"max_batch_size": BATCH_BYTES, "request_timeout_ms": 5_000} | options
    producer = AIOKafkaProducer(bootstrap_servers=site.broker.bootstrap, **options)
    try:
        await producer.start()
        yield producer
    finally:
        with suppress(KafkaError, OSError, TimeoutError):
            await asyncio.wait_for(producer.stop(), 5)
