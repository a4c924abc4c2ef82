"""The marks: which sources were put back, in a compacted topic of one partition."""

from typing import Any

import msgspec
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code

from app.audit.logs import Logs
from app.redriving.candidates import Candidate
from app.settings import Settings
from models.errors import TopicError

_CONFIG = {"cleanup.policy": "compact", "message.timestamp.type": "LogAppendTime"}


def marks_topic(settings: Settings) -> str:
    """The topic's name: one for all versions, as they share the inputs."""
    return f"{settings.topic_prefix}{settings.app_id}-redriven"


async def make_marks(settings: Settings, admin: AIOKafkaAdminClient) -> None:
    """Create the topic, if it is not there.

    Raises:
        TopicError: Kafka refuses.
    """
    name = marks_topic(settings)
    if name in await admin.list_topics():
        return
    new = NewTopic(name, 1, settings.replication_factor, topic_configs=_CONFIG)
    answer = await admin.create_topics([new])
    for _, code, *why in answer.topic_errors:
        if code not in {0, TopicAlreadyExistsError.errno}:
            raise TopicError(
                f"Topic {name} must exist, to remember what was put back; Kafka refuses to create "
                f"it: {for_code(code).__name__} {' '.join(map(str, why))}. Create it with one "
                "partition and cleanup.policy=compact, or ask the cluster's owner."
            )


async def read_marks(settings: Settings, logs: Logs) -> set[str]:
    """The sources that were put back; none where the topic is not there yet."""
    name = marks_topic(settings)
    if name not in await logs.admin.list_topics():
        return set()
    at = TopicPartition(name, 0)
    found: set[str] = set()

    def take(_: TopicPartition, records: Any) -> None:
        found.update(record.key.decode() for record in records if record.key)

    await logs.read(await logs.start_of([at]), await logs.end_of([at]), take)
    return found


def mark_of(candidate: Candidate, run: str, at: tuple[str, int]) -> tuple[bytes, bytes]:
    """Key and value of a mark.

    Args:
        candidate: What is put back.
        run: The id of this redrive.
        at: The topic and partition that it goes to.
    """
    value = {"redriveId": run, "topic": at[0], "partition": at[1], "why": candidate.why}
    return str(candidate.source).encode(), msgspec.json.encode(value)
