"""Kafka as lists, and a transactional producer on it that fails where it is told to."""

import asyncio
import time
from dataclasses import dataclass, field

from aiokafka.errors import KafkaError

from models.stage import Output
from tables.transaction import Offsets, Sends, TransactionalWriter

Partition = tuple[str, int]


@dataclass
class FakeKafka:
    """What transactions left: records, the group's offsets, and in what order all happened.

    Attributes:
        journal: ``commit``, ``write`` and ``fence`` as they happened.
        transactions: What each committed transaction sent.
        offsets: The group's offsets, with their metadata.
    """

    journal: list[str] = field(default_factory=list)
    transactions: list[dict[Partition, list[Output]]] = field(default_factory=list)
    committed_at: list[float] = field(default_factory=list)
    offsets: dict[Partition, tuple[int, str]] = field(default_factory=dict)
    ends: dict[Partition, int] = field(default_factory=dict)

    def append(self, sends: Sends) -> dict[Partition, int]:
        """Append records and a control record; the offset of the last record of each log."""
        last = {at: self.ends.get(at, 0) + len(outputs) - 1 for at, outputs in sends.items()}
        self.ends |= {at: offset + 2 for at, offset in last.items()}
        return last

    def sent(self, topic: str) -> list[Output]:
        """All committed records of a topic, in order."""
        return [
            output
            for transaction in self.transactions
            for (name, _), outputs in transaction.items()
            if name == topic
            for output in outputs
        ]


class FakeWriter(TransactionalWriter):
    """A transactional producer on lists.

    Attributes:
        fault: Where the next transaction fails: ``begin``, ``send`` (aborted records stay in the
            log), ``answer`` (committed, and the answer is lost), or ``hang``; None: it does not.
        error: With what.
        discarded: It was given up.
        closed: It was ended in order.
    """

    def __init__(self, kafka: FakeKafka) -> None:
        self.kafka = kafka
        self.fault: str | None = None
        self.error: Exception = KafkaError("fenced")
        self.discarded = False
        self.closed = False
        self.started = False

    async def start(self) -> None:
        """Fence."""
        self._fail_at("start")
        self.started = True
        self.kafka.journal.append("fence")

    async def commit(self, sends: Sends, offsets: Offsets) -> dict[Partition, int]:
        """Append everything, or fail."""
        assert not self.discarded
        self._fail_at("begin")
        await asyncio.sleep(0)
        if self.fault == "hang":
            await asyncio.get_running_loop().create_future()
        last = self.kafka.append(sends)
        self._fail_at("send")
        self.kafka.transactions.append(
            {at: [Output(*o) for o in outputs] for at, outputs in sends.items()}
        )
        self.kafka.committed_at.append(time.monotonic())
        self.kafka.offsets |= offsets
        self.kafka.journal.append("commit")
        self._fail_at("answer")
        return last

    async def close(self) -> None:
        """End in order."""
        self.closed = True

    def discard(self) -> asyncio.Task[None]:
        """Give up."""
        self.discarded = True
        return asyncio.get_running_loop().create_task(asyncio.sleep(0))

    def _fail_at(self, point: str) -> None:
        if self.fault == point:
            raise self.error
