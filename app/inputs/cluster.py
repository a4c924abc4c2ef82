"""What loading and generating need of the cluster before they begin."""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaConnectionError, KafkaError, ProducerFenced

from app.refusals import NOT_ALLOWED, refusal
from models.errors import BrokerError, TopicError

#: Milliseconds a request to the broker may take.
REQUEST_TIMEOUT_MS = 10_000

_NO_ERROR = 0


@asynccontextmanager
async def connected(connection: Mapping[str, Any]) -> AsyncIterator[AIOKafkaAdminClient]:
    """An admin client for as long as it is needed.

    Args:
        connection: What every Kafka client is made with.

    Raises:
        KafkaRefusal: Kafka does not let this client in.
    """
    admin = AIOKafkaAdminClient(**connection, request_timeout_ms=REQUEST_TIMEOUT_MS)
    try:
        await admin.start()
    except KafkaError as error:
        await admin.close()
        raise await refusal(connection, error) or error from None
    try:
        yield admin
    finally:
        await admin.close()


async def partition_counts(admin: AIOKafkaAdminClient, topics: Iterable[str]) -> dict[str, int]:
    """Number of partitions by topic.

    Args:
        admin: Started.
        topics: Full names.

    Raises:
        TopicError: A topic does not exist.
    """
    described: list[dict[str, Any]] = await admin.describe_topics(list(topics))
    missing = [t["topic"] for t in described if t["error_code"] != _NO_ERROR]
    if missing:
        raise TopicError(
            f"Topics must exist before anything is sent to them; missing: {', '.join(missing)}. "
            "Run: faust -A app init-topics"
        )
    return {t["topic"]: len(t["partitions"]) for t in described}


def told(error: KafkaError, broker: str, again: str) -> BrokerError:
    """A failure of Kafka in one sentence.

    Args:
        error: What the client raised.
        broker: The broker's address as it is set.
        again: What running the command again does.
    """
    if isinstance(error, KafkaConnectionError):
        return BrokerError(
            f"A Kafka broker must answer at {broker}; none does. Start it (make kafka) or set "
            f"CLICKSTREAM_BROKER, then run this again: {again}."
        )
    if isinstance(error, ProducerFenced):
        return BrokerError(
            "One process at a time loads a file; another has taken over this one. Let it finish."
        )
    cause = error.__cause__ or error  # of a refused batch the client says only that there was one
    reason = str(cause) or type(cause).__name__
    if isinstance(cause, NOT_ALLOWED):
        return BrokerError(
            f"Kafka must allow this; it does not ({reason}). Grant what SECURITY.md lists, then "
            f"run this again: {again}."
        )
    return BrokerError(
        f"Kafka must take what is sent; it answered: {reason}. Mend that, then run this again: "
        f"{again}."
    )
