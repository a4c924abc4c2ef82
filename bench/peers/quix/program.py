"""Count with Quix Streams: a tumbling window, final results, exactly once."""

from datetime import datetime
from typing import Any

import msgspec
from quixstreams import Application  # type: ignore[import-not-found]  # in its own environment
from quixstreams.models import (  # type: ignore[import-not-found]  # in its own environment
    JSONDeserializer,
)

from bench.peers.told import Told, ready

#: Seconds between commits: each flushes the producer, and writes a changed window once.
_COMMIT_SECONDS = 1.0


class Click(msgspec.Struct):
    """What counting needs of an enriched click; nothing else is decoded."""

    timestamp: str


_decode = msgspec.json.Decoder(Click).decode


def main(told: Told) -> None:
    """Count until SIGTERM."""
    app = Application(
        broker_address=told.bootstrap,
        consumer_group=told.group,
        auto_offset_reset="earliest",
        processing_guarantee="exactly-once",
        commit_interval=_COMMIT_SECONDS,
        consumer_poll_timeout=0.1,
        state_dir=told.directory / "state",
        loglevel="ERROR",
        producer_extra_config={"linger.ms": 20},
    )
    clicks = app.topic(
        told.input,
        value_deserializer=JSONDeserializer(loads=_decode),
        timestamp_extractor=_event_ms,
    )
    counts = (
        app.dataframe(clicks)
        .filter(_is_click)
        .tumbling_window(told.window_ms, grace_ms=told.grace_ms)
        .count()
        .final(closing_strategy="partition")
        .apply(_count, metadata=True)
    )
    counts.to_topic(app.topic(told.output))
    app.run()


class _Source:
    """Says when the first record is there."""

    said = False


def _event_ms(click: Click | None, _headers: Any, record_ms: int, _type: Any) -> int:
    if not _Source.said:
        _Source.said = True
        ready()
    if click is None:
        return record_ms
    return int(datetime.fromisoformat(click.timestamp).timestamp() * 1000)


def _is_click(click: Click | None) -> bool:
    return click is not None


def _count(window: Any, key: bytes, _timestamp: int, _headers: Any) -> dict[str, Any]:
    return {
        "userId": key.decode(),
        "clickCount": window["value"],
        "windowStart": window["start"],
    }


if __name__ == "__main__":
    main(Told.from_environment())
