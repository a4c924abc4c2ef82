"""Count with Pathway: tumbling windows over event time, in memory."""

import logging

import pathway as pw  # type: ignore[import-not-found]  # in its own environment

from bench.peers.told import Told, ready

#: Milliseconds of input that are taken at once.
_COMMIT_MS = 1000


class Click(pw.Schema):  # type: ignore[misc]  # a class of another environment
    """What counting needs of an enriched click."""

    userId: str  # noqa: N815 the field's name in the record
    timestamp: str


class _Ready(logging.Handler):
    """Says that the reader begins, when Pathway's log does."""

    def emit(self, record: logging.LogRecord) -> None:
        """Look for the line; it comes once."""
        if record.getMessage().startswith("Enter read_snapshot"):
            ready()


def main(told: Told) -> None:
    """Count until SIGTERM."""
    settings = {"bootstrap.servers": told.bootstrap, "group.id": told.group}
    clicks = pw.io.kafka.read(
        settings | {"auto.offset.reset": "earliest", "enable.auto.commit": "false"},
        topic=told.input,
        format="json",
        schema=Click,
        autocommit_duration_ms=_COMMIT_MS,
    )
    timed = clicks.select(
        clicks.userId,
        at=clicks.timestamp.dt.strptime("%Y-%m-%dT%H:%M:%S%.fZ").dt.timestamp(unit="ms"),
    ).select(pw.this.userId, at=pw.cast(int, pw.this.at))
    counts = timed.windowby(
        timed.at,
        window=pw.temporal.tumbling(duration=told.window_ms),
        # A result waits until its window is over and the grace too; what comes later updates it.
        behavior=pw.temporal.common_behavior(delay=told.window_ms + told.grace_ms),
        instance=timed.userId,
    ).reduce(
        userId=pw.this._pw_instance,  # noqa: SLF001 Pathway's way to name it
        windowStart=pw.this._pw_window_start,  # noqa: SLF001 Pathway's way to name it
        clickCount=pw.reducers.count(),
    )
    pw.io.kafka.write(counts, settings, told.output, format="json")
    logging.basicConfig(level=logging.INFO, handlers=[_Ready()])
    pw.run(monitoring_level=pw.MonitoringLevel.NONE)


if __name__ == "__main__":
    main(Told.from_environment())
