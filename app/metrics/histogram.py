"""A histogram that takes many values at once, and the bounds of all histograms."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from functools import partial

import prometheus_client

#: Seconds of work: deciding a step takes milliseconds, committing it tens of them.
WORK_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
#: Seconds that partitions wait while they are taken over.
TAKEOVER_SECONDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)
#: Seconds from an input record to its count: half a second when all is well, days after an outage.
LATENCY_SECONDS = (0.1, 0.25, 0.5, 0.75, 1, 1.5, 2.5, 5, 10, 30, 60, 300, 900, 3600, 21600, 86400)
#: Seconds that a late record lacked.
LATENESS_SECONDS = (1, 10, 60, 300, 900, 3600, 21600, 86400, 604800)
#: Records of one step.
RECORDS = (0, 1, 10, 100, 1000, 2500, 5000, 10000, 20000, 40000)


class Histogram(prometheus_client.Histogram):
    """A histogram whose many values cost little more than a look-up each."""

    def observe_many(self, values: Iterable[float]) -> None:
        """Observe values: the buckets are locked once for all of them, not for each."""
        found = list(values)
        places = Counter(map(partial(bisect_left, self._upper_bounds), found))
        for place, count in places.items():
            self._buckets[place].inc(count)
        self._sum.inc(sum(found))
