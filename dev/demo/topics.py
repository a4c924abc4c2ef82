"""The demo's topics: read from their beginning as they grow, and deleted at the end."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from dev.demo.site import TOPICS, Site

_WAIT_MS = 200
"""Milliseconds that one look at the topics waits for records."""


async def committed(site: Site) -> AsyncIterator[tuple[str, Any]]:
    """Committed records of all topics as they come, for ever: short name and record."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=site.broker.bootstrap,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    await consumer.start()
    try:
        consumer.assign(await _partitions(site))
        cut = len(site.prefix)
        while True:
            batches = await consumer.getmany(timeout_ms=_WAIT_MS)
            for partition, records in batches.items():
                for record in records:
                    yield partition.topic[cut:], record
            await asyncio.sleep(0)
    finally:
        await consumer.stop()


async def _partitions(site: Site) -> list[TopicPartition]:
    admin = AIOKafkaAdminClient(bootstrap_servers=site.broker.bootstrap)
    await admin.start()
    try:
        described = await admin.describe_topics([site.topic(short) for short in TOPICS])
    finally:
        await admin.close()
    return [
        TopicPartition(topic["topic"], partition["partition"])
        for topic in described
        for partition in topic["partitions"]
    ]


async def delete_topics(site: Site) -> None:
    """Delete all topics of the demo, changelogs too; its consumer groups expire with them."""
    admin = AIOKafkaAdminClient(bootstrap_servers=site.broker.bootstrap)
    await admin.start()
    try:
        names = [name for name in await admin.list_topics() if name.startswith(site.prefix)]
        if names:
            await admin.delete_topics(names)
    finally:
        await admin.close()
