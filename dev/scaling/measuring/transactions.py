"""What a transaction costs client and broker: by itself, by partition that it writes to, by record.

Many writers take turns, as in a worker, after a warm-up: Java compiles what is used often.
"""

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.topics import create_topic, partitions_of
from bench.tree import Tree
from dev.kafka.broker import LocalKafka
from dev.scaling.measuring.fitting import line
from models.stage import Output
from tables.transaction import Sends, TransactionalWriter

_TOPIC, _INPUT = "touched", "read"
_TOUCHED = (1, 8, 32, 128)
_RECORDS = (1, 500, 5_000)
_WRITERS = 8
_WARM_UP_SECONDS, _ROUND_SECONDS = 60.0, 10.0
#: As long as the metadata of an offset: S(q) and the ledger.
_METADATA = "x" * 200


@dataclass(slots=True)
class Bench:
    """The writers and the broker.

    Attributes:
        kafka: The broker.
        writers: Started.
    """

    kafka: LocalKafka
    writers: list[TransactionalWriter]

    async def cost(
        self, sends: Sends, seconds: float, metadata: str | None = _METADATA
    ) -> tuple[float, float, float]:
        """Milliseconds a transaction: of processor time of client and broker, of wall time.

        Args:
            sends: What each writes.
            seconds: How long.
            metadata: Of the group's offset; None to commit no offset.
        """
        broker = Tree(self.kafka.pid or 0)
        before, cpu_s, began_s = broker.sample(), time.process_time(), time.monotonic()
        counts = await asyncio.gather(
            *(
                self._commit(
                    writer, sends, seconds, {} if metadata is None else {(_INPUT, n): metadata}
                )
                for n, writer in enumerate(self.writers)
            )
        )
        spent = (
            time.process_time() - cpu_s,
            broker.sample().cpu_s - before.cpu_s,
            (time.monotonic() - began_s) * len(self.writers),
        )
        client, server, wall = (each / sum(counts) * 1e3 for each in spent)
        return client, server, wall

    @staticmethod
    async def _commit(
        writer: TransactionalWriter,
        sends: Sends,
        seconds: float,
        offsets: dict[tuple[str, int], str],
    ) -> int:
        until_s, count = time.monotonic() + seconds, 0
        while time.monotonic() < until_s:
            await writer.commit(sends, {at: (count, told) for at, told in offsets.items()})
            count += 1
        return count


def measure(kafka: LocalKafka, _: Path) -> dict[str, Any]:
    """By partitions written to, and by records written to one."""
    return asyncio.run(_measure(kafka))


async def _measure(kafka: LocalKafka) -> dict[str, Any]:
    await create_topic(kafka.bootstrap, _TOPIC, max(_TOUCHED))
    await create_topic(kafka.bootstrap, _INPUT, _WRITERS)
    address = {"bootstrap_servers": kafka.bootstrap}
    writers = [TransactionalWriter(f"scaling-{n}", "scaling", **address) for n in range(_WRITERS)]
    await asyncio.gather(*(writer.start() for writer in writers))
    bench = Bench(kafka, writers)
    try:
        await bench.cost(_sends(8, 1), _WARM_UP_SECONDS)
        touched = {n: await bench.cost(_sends(n, 1), _ROUND_SECONDS) for n in _TOUCHED}
        records = {n: await bench.cost(_sends(1, n), _ROUND_SECONDS) for n in _RECORDS}
        without = await bench.cost(_sends(1, 1), _ROUND_SECONDS, metadata=None)
    finally:
        await asyncio.gather(*(writer.close() for writer in writers))
    return {
        "by_touched": _told(touched),
        "by_records": _told(records),
        "without_offsets": without,
    }


def _sends(touched: int, records: int) -> Sends:
    row = Output(b"w" * 9 + b"user-00001", b"12")
    return {(tp.topic, tp.partition): [row] * records for tp in partitions_of(_TOPIC, touched)}


def _told(costs: dict[int, tuple[float, float, float]]) -> dict[str, Any]:
    """What was measured, and for each part its fixed and its growing milliseconds."""
    parts = ("client_cpu_ms", "broker_cpu_ms", "wall_ms")
    fitted = {
        part: line([(count, each[number]) for count, each in costs.items()])
        for number, part in enumerate(parts)
    }
    return {"measured": costs, "fixed_and_each": fitted}
