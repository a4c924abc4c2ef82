"""Count with Bytewax: count_window over event time, of the topic up to its end."""

from datetime import UTC, datetime, timedelta
from typing import Any

import bytewax.operators as op  # type: ignore[import-not-found]  # in its own environment
import msgspec
from bytewax.connectors.kafka import (  # type: ignore[import-not-found]  # in its own environment
    KafkaSink,
    KafkaSinkMessage,
    KafkaSource,
    KafkaSourceMessage,
)
from bytewax.dataflow import Dataflow  # type: ignore[import-not-found]  # in its own environment
from bytewax.operators.windowing import (  # type: ignore[import-not-found]  # in its own environment
    EventClock,
    TumblingWindower,
    count_window,
)
from bytewax.run import cli_main  # type: ignore[import-not-found]  # in its own environment

from bench.peers.told import Told, ready

#: Records a source partition hands on at once; Bytewax's own is 1,000.
_BATCH = 10_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Click(msgspec.Struct, rename="camel", gc=False):
    """What counting needs of an enriched click; nothing else is decoded."""

    user_id: str
    timestamp: str


_decode = msgspec.json.Decoder(Click).decode
_encode = msgspec.json.Encoder().encode


class Source(KafkaSource):  # type: ignore[misc]  # a class of another environment
    """Kafka's, that says when it is about to read."""

    said = False

    def build_part(self, *arguments: Any) -> Any:
        """Make the reader of a partition."""
        if not Source.said:
            Source.said = True
            ready()
        return super().build_part(*arguments)


def flow(told: Told) -> Dataflow:
    """The dataflow."""
    dataflow = Dataflow("counting")
    brokers = [told.bootstrap]
    source = Source(brokers, [told.input], tail=False, batch_size=_BATCH)
    records = op.input("read", dataflow, source)
    clicks = op.flat_map_batch("decode", records, _clicks)
    clock = EventClock(_timestamp, timedelta(milliseconds=told.grace_ms))
    windows = TumblingWindower(timedelta(milliseconds=told.window_ms), align_to=_EPOCH)
    counted = count_window("count", clicks, clock, windows, _user)

    def encode(batch: list[tuple[str, tuple[int, int]]]) -> list[KafkaSinkMessage]:
        return [_message(user, told.window_ms, *window) for user, window in batch]

    messages = op.flat_map_batch("encode", counted.down, encode)
    op.output("write", messages, KafkaSink(brokers, told.output))
    return dataflow


def _clicks(records: list[KafkaSourceMessage]) -> list[Click]:
    return [_decode(record.value) for record in records if record.value is not None]


def _timestamp(click: Click) -> datetime:
    return datetime.fromisoformat(click.timestamp)


def _user(click: Click) -> str:
    return click.user_id


def _message(user: str, window_ms: int, window: int, count: int) -> KafkaSinkMessage:
    fields = {"userId": user, "clickCount": count, "windowStart": window * window_ms}
    return KafkaSinkMessage(user.encode(), _encode(fields))


if __name__ == "__main__":
    cli_main(flow(Told.from_environment()))
