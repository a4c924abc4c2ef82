"""Read the topic to its end with confluent-kafka; values are looked at for being there only."""

import signal

from confluent_kafka import (  # type: ignore[import-not-found]  # in an environment of its own
    OFFSET_BEGINNING,
    Consumer,
    TopicPartition,
)

from bench.peers.told import Told, has_read, ready

#: Records asked for at once.
_RECORDS = 10_000
#: Seconds that they may take to gather: it waits for all of them, or for so long.
_WAIT_SECONDS = 0.1


def main(told: Told) -> None:
    """Read everything, then wait for the end."""
    consumer = Consumer(
        {
            "bootstrap.servers": told.bootstrap,
            "group.id": told.group,
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
            "queued.max.messages.kbytes": 131_072,
        }
    )
    parts = [TopicPartition(told.input, p, OFFSET_BEGINNING) for p in range(told.partitions)]
    consumer.get_watermark_offsets(parts[0])
    consumer.assign(parts)
    ready()
    has_read(_read(consumer, told.partitions))
    signal.pause()


def _read(consumer: Consumer, partitions: int) -> int:
    values = ended = 0
    while ended < partitions:
        for record in consumer.consume(_RECORDS, _WAIT_SECONDS):
            if record.error() is not None:
                ended += 1  # the only errors asked for are ends of partitions
            elif record.value() is not None:
                values += 1
    return values


if __name__ == "__main__":
    main(Told.from_environment())
