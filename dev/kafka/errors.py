"""The errors of the local Kafka.

KafkaError
├── JarsError      Maven could not fetch Kafka's jars
├── PortError      the port is taken, or no port is free
└── StartError     the broker was started and does not answer
"""

from pathlib import Path

_TAIL_LINES = 20


class KafkaError(Exception):
    """The local Kafka can't be had; the message says why, and what to do."""


class JarsError(KafkaError):
    """Maven could not fetch Kafka's jars."""


class PortError(KafkaError):
    """The port is taken by another process, or no port is free."""


class StartError(KafkaError):
    """The broker was started and does not answer."""

    def __init__(self, what: str, log: Path) -> None:
        """Add the log's last lines to what happened.

        Args:
            what: what happened, a sentence without its full stop.
            log: the broker's log file; it may be missing.
        """
        super().__init__(f"{what}; the end of {log}:\n{tail(log)}")


def tail(log: Path) -> str:
    """Return the last lines of a log file, or say that there are none."""
    if not log.exists():
        return "(no log was written)"
    return "\n".join(log.read_text(errors="replace").splitlines()[-_TAIL_LINES:])
