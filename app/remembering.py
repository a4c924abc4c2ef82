"""Compacted topics of one partition: what all workers and commands are to remember, by key."""

from typing import Any

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code

from app.audit.logs import Logs
from app.settings import Settings
from models.errors import TopicError

_CONFIG = {"cleanup.policy": "compact", "message.timestamp.type": "LogAppendTime"}


async def make(settings: Settings, admin: AIOKafkaAdminClient, name: str, what: str) -> None:
    """Create such a topic, if it is not there.

    Args:
        settings: How often the topic is replicated.
        admin: A client.
        name: The topic's.
        what: What it remembers, for people.

    Raises:
        TopicError: Kafka refuses.
    """
    if name in await admin.list_topics():
        return
    new = NewTopic(name, 1, settings.replication_factor, topic_configs=_CONFIG)
    answer = await admin.create_topics([new])
    for _, code, *why in answer.topic_errors:
        if code not in {0, TopicAlreadyExistsError.errno}:
            raise TopicError(
                f"Topic {name} must exist, to remember {what}; Kafka refuses to create it: "
                f"{for_code(code).__name__} {' '.join(map(str, why))}. Create it with one "
                "partition and cleanup.policy=compact, or ask the cluster's owner."
            )


async def read(logs: Logs, name: str) -> dict[bytes, bytes]:
    """The last value of each key; nothing where the topic is not there yet."""
    if name not in await logs.admin.list_topics():
        return {}
    at = TopicPartition(name, 0)
    found: dict[bytes, bytes | None] = {}

    def take(_: TopicPartition, records: Any) -> None:
        found.update({record.key: record.value for record in records if record.key})

    await logs.read(await logs.start_of([at]), await logs.end_of([at]), take)
    return {key: value for key, value in found.items() if value is not None}
