"""What waits for one stage in one partition, and which offset is expected next.

Faust drops batches in flight around a rebalance, even within one generation of the group; so
every batch is held against the offset expected. Records below it are skipped. A batch that begins
beyond it is dropped, and the consumer must seek back.
"""

import asyncio
from collections import deque
from collections.abc import Mapping

from agents.batch import Batch
from models.stage import InputRecord


class Inbox:
    """Batches in the order of their arrival, without gap or overlap in any topic.

    Attributes:
        waiting: Number of records that wait.
        arrived: Set while batches wait.
    """

    def __init__(self, positions: Mapping[str, int]) -> None:
        """Begin at a position.

        Args:
            positions: The offset expected first, by topic.
        """
        self.waiting = 0
        self.arrived = asyncio.Event()
        self._expected = dict(positions)
        self._batches: deque[Batch] = deque()
        self._sought: dict[str, int] = {}

    def __bool__(self) -> bool:
        return bool(self._batches)

    def expected(self, topic: str) -> int:
        """The offset from which on records are still to be delivered."""
        return self._expected[topic]

    def advance(self, topic: str, offset: int) -> None:
        """Expect a later offset: the log does not reach back to the expected one any more."""
        self._expected[topic] = offset

    def put(self, batch: Batch) -> int | None:
        """Take what is expected of a batch.

        Returns:
            The offset to seek back to if the batch begins beyond what is expected, once for each
            gap; else None.
        """
        expected = self._expected[batch.topic]
        if batch.end <= expected:
            return None
        if batch.begin > expected:
            again = self._sought.get(batch.topic) == expected
            self._sought[batch.topic] = expected
            return None if again else expected
        self._sought.pop(batch.topic, None)
        if batch.begin < expected:
            records = [r for r in batch.records if r.offset >= expected]
            batch = Batch(batch.topic, batch.partition, expected, batch.end, records)
        self._expected[batch.topic] = batch.end
        self._batches.append(batch)
        self.waiting += len(batch.records)
        self.arrived.set()
        return None

    def take(self, most: int) -> tuple[list[InputRecord], dict[str, int]]:
        """Take whole batches until there are about so many records.

        Returns:
            The records, and by topic the offset after them.
        """
        records: list[InputRecord] = []
        ends: dict[str, int] = {}
        while self._batches and len(records) < most:
            batch = self._batches.popleft()
            records.extend(batch.records)
            ends[batch.topic] = batch.end
        self.waiting -= len(records)
        if not self._batches:
            self.arrived.clear()
        return records, ends
