"""What Kafka has, from the model's positions on."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError, OffsetOutOfRangeError

from examples.read_model.errors import ModelError
from examples.read_model.model import Batch, Partition
from examples.read_model.rows import TABLES

#: How long a fetch waits for records (ms).
_WAIT_MS = 1_000


class Reader:
    """Reads all partitions of the outputs; committed records only."""

    def __init__(self, consumer: AIOKafkaConsumer, prefix: str, batch: int) -> None:
        """Read with a consumer that is assigned, and stands at the positions.

        Args:
            consumer: Connected.
            prefix: Before the topics' names.
            batch: Records at a time, at most.
        """
        self._consumer = consumer
        self._prefix = prefix
        self._batch = batch

    async def next(self) -> list[Batch]:
        """What comes next, or how positions move without records; nothing after a second.

        Raises:
            ModelError: They are not in Kafka any more.
        """
        begins = await self.positions()
        try:
            fetched = await self._consumer.getmany(timeout_ms=_WAIT_MS, max_records=self._batch)
        except OffsetOutOfRangeError as error:
            raise gone(str(error)) from None
        values = {self._named(tp): [r.value for r in records] for tp, records in fetched.items()}
        return [
            Batch(*at, begins[at], end, values.get(at, []))
            for at, end in (await self.positions()).items()
            if end > begins[at]
        ]

    async def positions(self) -> dict[Partition, int]:
        """The next offset of each partition."""
        return {
            self._named(tp): await self._consumer.position(tp) for tp in self._consumer.assignment()
        }

    def _named(self, tp: TopicPartition) -> Partition:
        return tp.topic.removeprefix(self._prefix), tp.partition

    async def at_end(self, ends: Mapping[TopicPartition, int]) -> bool:
        """Whether all before these ends was read."""
        return all([await self._consumer.position(tp) >= end for tp, end in ends.items()])

    async def ends(self) -> dict[TopicPartition, int]:
        """Where the partitions end now."""
        ends: dict[TopicPartition, int] = await self._consumer.end_offsets(
            list(self._consumer.assignment())
        )
        return ends


@asynccontextmanager
async def reader(
    broker: str, prefix: str, positions: Mapping[Partition, int], batch: int
) -> AsyncIterator[Reader]:
    """A reader from the positions on; what has none begins where its log does.

    Args:
        broker: ``host:port[,host:port]``.
        prefix: Before the topics' names.
        positions: The next offsets.
        batch: Records at a time, at most.

    Raises:
        ModelError: Kafka does not answer, a topic is missing, or a position is none of its log.
    """
    consumer = AIOKafkaConsumer(
        bootstrap_servers=broker,
        group_id=None,  # the model has the positions
        isolation_level="read_committed",
        auto_offset_reset="none",  # what is missing must not be passed over
    )
    try:
        await consumer.start()
        partitions = await _partitions(broker, prefix)
        consumer.assign(partitions)
        await _seek(consumer, prefix, partitions, positions)
        yield Reader(consumer, prefix, batch)
    except KafkaError as error:
        raise ModelError(
            f"Kafka must answer at {broker}, and let the outputs be read; it does not: {error}"
        ) from None
    finally:
        await consumer.stop()


async def _seek(
    consumer: AIOKafkaConsumer,
    prefix: str,
    partitions: list[TopicPartition],
    positions: Mapping[Partition, int],
) -> None:
    starts = await consumer.beginning_offsets(partitions)
    ends = await consumer.end_offsets(partitions)
    for tp in partitions:
        at = positions.get((tp.topic.removeprefix(prefix), tp.partition), starts[tp])
        if not starts[tp] <= at <= ends[tp]:
            raise gone(f"{tp.topic}-{tp.partition} has {starts[tp]} to {ends[tp]}, not {at}")
        consumer.seek(tp, at)


def gone(what: str) -> ModelError:
    """That a position is none of its log."""
    return ModelError(
        f"Kafka must have what follows the model's last records; it has not: {what}. Retention "
        "took it, or the topic was made anew. Begin again with what is there: --rebuild."
    )


async def _partitions(broker: str, prefix: str) -> list[TopicPartition]:
    admin = AIOKafkaAdminClient(bootstrap_servers=broker)
    try:
        await admin.start()
        described = await admin.describe_topics([prefix + topic for topic in TABLES])
    finally:
        await admin.close()
    if missing := [topic["topic"] for topic in described if not topic["partitions"]]:
        raise ModelError(f"The application's outputs must be there; {missing[0]} is not. --prefix?")
    return [
        TopicPartition(topic["topic"], part["partition"])
        for topic in described
        for part in topic["partitions"]
    ]
