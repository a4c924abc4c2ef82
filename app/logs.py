"""What the log tells of Kafka's client: each thing once in a while, and no tracebacks of its own.

A broker that is down makes aiokafka write hundreds of lines a second, for every connection. What
follows from it, the engine says itself.
"""

import logging
import time

#: Seconds until the same thing is told again.
REPEAT_SECONDS = 10.0
_NOISY = ("aiokafka", "asyncio")


class QuietClient(logging.Filter):
    """Passes each of the client's warnings once in ``REPEAT_SECONDS``, with how often it came."""

    def __init__(self) -> None:
        super().__init__()
        self._told: dict[str, tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to write the record."""
        if not record.name.startswith(_NOISY):
            return True
        if record.levelno < logging.WARNING:
            return False
        subject = str(record.msg).partition("\n")[0]
        now = time.monotonic()
        told_at, kept_back = self._told.get(subject, (-REPEAT_SECONDS, 0))
        if now - told_at < REPEAT_SECONDS:
            self._told[subject] = (told_at, kept_back + 1)
            return False
        self._told[subject] = (now, 0)
        record.exc_info = None
        text = record.getMessage().partition("\n")[0]
        record.msg, record.args = text + (f" ({kept_back} more like it)" if kept_back else ""), ()
        return True


def quieten() -> None:
    """Put the filter before every handler of the root logger."""
    quiet = QuietClient()
    for handler in logging.getLogger().handlers:
        handler.addFilter(quiet)
