"""Traffic that goes on while something else happens."""

import threading
from types import TracebackType
from typing import Self

from tests.integration.harness import Cluster
from tests.integration.shop import Shop

#: Events in a round, and seconds between rounds.
_EVENTS, _SECONDS = 150, 0.1


class Feeder:
    """Feeds a shop's events to a cluster in the background; the last ones on leaving."""

    def __init__(self, cluster: Cluster, shop: Shop) -> None:
        """Prepare to feed."""
        self._cluster = cluster
        self._shop = shop
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._feed)

    def _feed(self) -> None:
        while not self._enough.wait(_SECONDS):
            self._cluster.produce(self._shop.events(_EVENTS))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._enough.set()
        self._thread.join()
        self._cluster.produce(self._shop.last())
