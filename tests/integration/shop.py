"""A seeded shop: disorder, late events, purchases on both sides of everything, and rubbish."""

import json
import random
from collections.abc import Iterator

from models.partitioning import partition_of
from tests.integration.harness import Event
from tests.integration.recount import iso

START_MS = 1_431_857_100_000
_RUBBISH = (b"{", b"[]", b'{"userId":"u"}', b"nonsense", b'{"userId":"u","timestamp":"soon"}'[:-1])


class Shop:
    """Clicks and purchases, the same for the same seed."""

    def __init__(self, seed: int, partitions: int, *, keyed: bool = True, users: int = 60) -> None:
        """Open the shop.

        Args:
            seed: Of all that is random.
            partitions: Of the input topics.
            keyed: Key events by user; else they have no key and go round.
            users: How many there are.
        """
        self._random = random.Random(seed)
        self._partitions = partitions
        self._keyed = keyed
        self._users = users
        self._now_ms = START_MS
        self._sent = 0

    def events(self, count: int) -> Iterator[Event]:
        """The next events: about one second of event time apart."""
        for _ in range(count):
            self._now_ms += self._random.randrange(2_000)
            dice = self._random.random()
            if dice < 0.01:
                yield self._event("clicks", None, self._random.choice(_RUBBISH))
            elif dice < 0.12:
                yield self._purchase()
            else:
                yield self._click()

    def last(self) -> Iterator[Event]:
        """One event so late, in each input partition, that all else is final."""
        for partition in range(self._partitions):
            value = {"userId": f"last-{partition}", "timestamp": iso(self._now_ms + 36_000_000)}
            yield Event("clicks", partition, json.dumps(value).encode())
            value["productId"] = "last"
            yield Event("purchases", partition, json.dumps(value).encode())

    def _at(self) -> str:
        late = self._random.random()
        back = 900_000 if late < 0.02 else 60_000 if late < 0.3 else 3_000
        return iso(self._now_ms - self._random.randrange(back))

    def _user(self) -> str:
        return f"user-{self._random.randrange(self._users)}"

    def _click(self) -> Event:
        user = self._user()
        value = {"userId": user, "timestamp": self._at(), "page": "/p", "userAgent": "curl/8.0"}
        if self._random.random() < 0.8:
            value["productId"] = f"product-{self._random.randrange(12)}"
        return self._event("clicks", user, json.dumps(value).encode())

    def _purchase(self) -> Event:
        user = self._user()
        order = f"order-{self._sent}"
        product = f"product-{self._random.randrange(12)}"
        value = {"userId": user, "productId": product, "timestamp": self._at(), "orderId": order}
        return self._event("purchases", user, json.dumps(value).encode())

    def _event(self, topic: str, user: str | None, value: bytes) -> Event:
        self._sent += 1
        if user is None or not self._keyed:
            return Event(topic, self._sent % self._partitions, value)
        key = user.encode()
        return Event(topic, partition_of(key, self._partitions), value, key)
