"""The marks: which sources were put back, in a compacted topic of one partition."""

import msgspec
from aiokafka.admin import AIOKafkaAdminClient

from app import remembering
from app.audit.logs import Logs
from app.redriving.candidates import Candidate
from app.settings import Settings


def marks_topic(settings: Settings) -> str:
    """The topic's name: one for all versions, as they share the inputs."""
    return f"{settings.topic_prefix}{settings.app_id}-redriven"


async def make_marks(settings: Settings, admin: AIOKafkaAdminClient) -> None:
    """Create the topic, if it is not there.

    Raises:
        TopicError: Kafka refuses.
    """
    await remembering.make(settings, admin, marks_topic(settings), "what was put back")


async def read_marks(settings: Settings, logs: Logs) -> set[str]:
    """The sources that were put back; none where the topic is not there yet."""
    return {source.decode() for source in await remembering.read(logs, marks_topic(settings))}


def mark_of(candidate: Candidate, run: str, at: tuple[str, int]) -> tuple[bytes, bytes]:
    """Key and value of a mark.

    Args:
        candidate: What is put back.
        run: The id of this redrive.
        at: The topic and partition that it goes to.
    """
    value = {"redriveId": run, "topic": at[0], "partition": at[1], "why": candidate.why}
    return str(candidate.source).encode(), msgspec.json.encode(value)
