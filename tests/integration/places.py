"""Topics of one test, commands that fill them, and what is in them."""

import asyncio
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from dev.kafka import Broker
from tests.integration import launching

ROOT = Path(__file__).parents[2]
PARTITIONS = 3
DEADLINE_S = 60


@dataclass(frozen=True)
class Place:
    """Topics of one test, and the environment that leads there."""

    bootstrap: str
    prefix: str
    env: dict[str, str]

    def command(self, *args: object) -> list[str]:
        """A command line of the application."""
        return [sys.executable, "-m", "faust", "-A", "app", *map(str, args)]

    def run(self, *args: object, code: int = 0) -> str:
        """Run a command to its end; what it says."""
        done = launching.run([str(arg) for arg in args], self.env, DEADLINE_S)
        said = done.stdout + done.stderr
        assert code == done.returncode, said
        return said

    def records(self, topic: str) -> list[Any]:
        """All committed records of a topic."""
        return asyncio.run(_read(self.bootstrap, self.prefix + topic))

    def loaded(self, topic: str) -> int:
        """How many offsets of a topic are committed."""
        return asyncio.run(_end(self.bootstrap, self.prefix + topic))


def fresh_place(kafka: Broker, data_dir: Path) -> Place:
    """Fresh topics."""
    prefix = f"t{uuid4().hex[:8]}-"
    env = os.environ | {
        "CLICKSTREAM_BROKER": kafka.url,
        "CLICKSTREAM_TOPIC_PREFIX": prefix,
        "CLICKSTREAM_APP_ID": f"{prefix}app",
        "CLICKSTREAM_DATA_DIR": str(data_dir),
    }
    asyncio.run(
        _create(kafka.bootstrap, [prefix + t for t in ("clicks", "purchases", "dead-letters")])
    )
    return Place(kafka.bootstrap, prefix, env)


async def _create(bootstrap: str, topics: list[str]) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, PARTITIONS, 1) for topic in topics])
    finally:
        await admin.close()


async def _read(bootstrap: str, topic: str) -> list[Any]:
    partitions = [TopicPartition(topic, p) for p in range(PARTITIONS)]
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, isolation_level="read_committed", auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        records: list[Any] = []
        for partition in partitions:
            while await consumer.position(partition) < ends[partition]:
                for batch in (await consumer.getmany(timeout_ms=200)).values():
                    records += batch
        return records
    finally:
        await consumer.stop()


async def _end(bootstrap: str, topic: str) -> int:
    partitions = [TopicPartition(topic, p) for p in range(PARTITIONS)]
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, isolation_level="read_committed")
    await consumer.start()
    try:
        return sum((await consumer.end_offsets(partitions)).values())
    finally:
        await consumer.stop()


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for something that comes soon."""
    deadline_s = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.05)
