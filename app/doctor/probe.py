"""A transaction of our own: do they work, and what time has the broker?

A broker tells its time only to those who write: it stamps what is appended to the dead letters. So
one record is written there by every broker, in a transaction that is aborted: whoever reads
committed records, as this application does, never sees it. A second transaction commits an offset
of a group of its own.
"""

import asyncio
import time
from typing import Any

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from app.doctor.facts import Clock, Transactions
from app.doctor.kafka_checks import TRANSACTION_MS
from app.settings import Settings
from app.topics import topic_name
from models.dead_letters import DEAD_LETTERS

#: Seconds that the whole may take: a coordinator that can't be made is waited for without end.
_PATIENCE_SECONDS = 20.0
_REQUEST_MS = 5_000


async def probe(settings: Settings, admin: AIOKafkaAdminClient) -> Transactions:
    """Commit and abort a transaction."""
    began_s = time.monotonic()
    name = f"{settings.app_id}-doctor"
    producer = AIOKafkaProducer(
        transactional_id=name,
        transaction_timeout_ms=TRANSACTION_MS,
        request_timeout_ms=_REQUEST_MS,
        **settings.connection,
    )
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await producer.start()
            clocks = await _abort(producer, await _one_each(settings, admin))
            await _commit(producer, TopicPartition(topic_name(settings, DEAD_LETTERS), 0), name)
    except TimeoutError:
        return Transactions(_PATIENCE_SECONDS, f"not done in {_PATIENCE_SECONDS:.0f} s")
    except KafkaError as error:
        return Transactions(time.monotonic() - began_s, str(error) or type(error).__name__)
    finally:
        await _stop(producer)
    return Transactions(time.monotonic() - began_s, None, clocks)


async def _one_each(settings: Settings, admin: AIOKafkaAdminClient) -> dict[int, TopicPartition]:
    """A partition of the dead letters for each broker that leads one."""
    (topic,) = await admin.describe_topics([topic_name(settings, DEAD_LETTERS)])
    return {
        part["leader"]: TopicPartition(topic["topic"], part["partition"])
        for part in topic["partitions"]
        if part["leader"] >= 0
    }


async def _abort(producer: Any, places: dict[int, TopicPartition]) -> tuple[Clock, ...]:
    await producer.begin_transaction()
    try:
        await asyncio.gather(*(_clock(producer, node, at) for node, at in places.items()))
        # Once more: the first write to a partition also waits for the transaction's coordinator.
        return tuple([await _clock(producer, node, at) for node, at in sorted(places.items())])
    finally:
        await producer.abort_transaction()


async def _clock(producer: Any, node: int, at: TopicPartition) -> Clock:
    before_ms = time.time() * 1000
    sent = await producer.send_and_wait(at.topic, b"doctor", partition=at.partition)
    after_ms = time.time() * 1000
    middle_ms, within_ms = (before_ms + after_ms) / 2, (after_ms - before_ms) / 2
    return Clock(node, sent.timestamp - middle_ms, within_ms)


async def _commit(producer: Any, at: TopicPartition, group: str) -> None:
    await producer.begin_transaction()
    await producer.send_offsets_to_transaction({at: 0}, group)
    await producer.commit_transaction()


async def _stop(producer: Any) -> None:
    try:
        async with asyncio.timeout(_REQUEST_MS / 1000):
            await producer.stop()
    except (KafkaError, TimeoutError):
        pass  # it was said why it failed; what it left open ends by itself
