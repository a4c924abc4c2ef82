"""The log: one line for each event that matters, for people on a terminal, else as JSON.

Records of the standard library (Faust's, Kafka's client's, ours) and structlog's events go through
the same processors. What is left out, unless it is being debugged: tracebacks of Kafka's client
and its repetitions, and the comings and goings of Faust's services.
"""

import logging
import sys
import time
from collections.abc import Mapping
from typing import Any, TextIO

import msgspec
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from app.telemetry import LogFormat

#: Seconds until the same thing is told again.
REPEAT_SECONDS = 10.0
_NOISY = ("aiokafka", "asyncio", "opentelemetry", "urllib3")
#: What begins a message of one of Faust's services, and the one of them that is of interest.
_SERVICE = "[^"
_READY = "Worker ready"
_FIRST = ("timestamp", "level", "event", "logger")


class QuietClient(logging.Filter):
    """Passes each of the client's warnings once in ``REPEAT_SECONDS``, with how often it came.

    A broker that is down makes aiokafka write hundreds of lines a second, for every connection.
    What follows from it, the engine says itself.
    """

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


class QuietServices(logging.Filter):
    """Keeps back what Faust and its services say of themselves, but for being ready."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to write the record."""
        text = str(record.msg)
        chatter = text.startswith(_SERVICE) or record.name.startswith(("faust.", "mode."))
        return record.levelno > logging.INFO or not chatter or _READY in text


def _name_service(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Take the service's name out of a message such as ``[^---Consumer]: Starting...``."""
    text = event["event"]
    if isinstance(text, str) and text.startswith(_SERVICE):
        service, _, event["event"] = text.partition("]: ")
        event["service"] = service.lstrip("[^-")
    return event


def _json(event: Mapping[str, Any], **_kwargs: Any) -> str:
    """A line: when, how grave and what it is come first."""
    ordered = {name: event[name] for name in _FIRST if name in event}
    return msgspec.json.encode({**ordered, **event}, enc_hook=repr).decode()


_OURS: tuple[Processor, ...] = (
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)
_THEIRS: tuple[Processor, ...] = (*_OURS, structlog.stdlib.ExtraAdder(), _name_service)


def formatter(style: LogFormat, stream: TextIO | None) -> logging.Formatter:
    """What makes lines of records.

    Args:
        style: As set.
        stream: Where they go; None for a file.
    """
    terminal = stream is not None and stream.isatty()
    if style is LogFormat.CONSOLE or (style is LogFormat.AUTO and terminal):
        render: list[Processor] = [
            structlog.dev.ConsoleRenderer(
                colors=terminal, exception_formatter=structlog.dev.plain_traceback
            )
        ]
    else:
        render = [
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(serializer=_json),
        ]
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_THEIRS,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render],
    )


def begin(style: LogFormat, level: int) -> None:
    """Log to the standard error stream from now on.

    Args:
        style: How lines are written.
        level: The least that is told.
    """
    logging.captureWarnings(capture=True)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_OURS,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    logging.basicConfig(level=level, handlers=[logging.StreamHandler(sys.stderr)], force=True)
    adopt(style, level)


def adopt(style: LogFormat, level: int) -> None:
    """Make every handler of the root logger write as set: Faust has put in its own.

    Args:
        style: How lines are written.
        level: The least that is told; all of it when debugging.
    """
    quiet = [QuietClient(), QuietServices()] if level > logging.DEBUG else []
    for handler in logging.getLogger().handlers:
        stream = handler.stream if isinstance(handler, logging.StreamHandler) else None
        handler.setFormatter(formatter(style, stream))
        for wanted in quiet:
            handler.addFilter(wanted)
