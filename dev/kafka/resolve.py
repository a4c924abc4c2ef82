"""Which Kafka to use: the one that is named, else a local one, else Docker's."""

import os
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from dev.kafka import compose
from dev.kafka.broker import LocalKafka
from dev.kafka.errors import KafkaError

_SCHEME = "kafka://"
_NONE = (
    "clickstream: there is no Kafka to use: set CLICKSTREAM_BROKER=kafka://host:port, or install"
    " Java 17 and Maven (a local broker is then started), or install Docker with Compose."
)


@dataclass(frozen=True, slots=True)
class Broker:
    """Where a Kafka is."""

    bootstrap: str
    """`host:port[,host:port…]`, as Kafka clients take it."""

    @property
    def url(self) -> str:
        """`kafka://host:port[,…]`, as CLICKSTREAM_BROKER takes it."""
        return _SCHEME + self.bootstrap


@contextmanager
def resolve_broker() -> Iterator[Broker]:
    """Find or start a Kafka, and stop at the end what was started, also on failure or a signal.

    The broker named by CLICKSTREAM_BROKER; else, where java and mvn are, a local one in a temporary
    directory; else the service `kafka` of docker-compose.yml.

    Raises:
        SystemExit: with exit code 1 and one message, when there is no Kafka or it doesn't start.
    """
    with _ending_on_signals(), ExitStack() as stack:
        try:
            broker = stack.enter_context(_source())
        except KafkaError as error:
            sys.exit(f"clickstream: {error}")
        yield broker


def wants_local_broker() -> bool:
    """Tell whether `resolve_broker` would start a local broker, and so need Kafka's jars."""
    named = os.environ.get("CLICKSTREAM_BROKER")
    return not named and all(shutil.which(command) for command in ("java", "mvn"))


def _source() -> AbstractContextManager[Broker]:
    """Decide which Kafka it is."""
    named = os.environ.get("CLICKSTREAM_BROKER")
    if named:
        return nullcontext(Broker(named.removeprefix(_SCHEME)))
    if wants_local_broker():
        return _temporary()
    if compose.works():
        return _composed()
    sys.exit(_NONE)


@contextmanager
def _temporary() -> Iterator[Broker]:
    """Run a local broker whose data goes when it does."""
    with (
        tempfile.TemporaryDirectory(prefix="clickstream-kafka-") as directory,
        LocalKafka(Path(directory)) as kafka,
    ):
        yield Broker(kafka.bootstrap)


@contextmanager
def _composed() -> Iterator[Broker]:
    """Run the compose file's broker; leave it running where it ran before."""
    with compose.running() as bootstrap:
        yield Broker(bootstrap)


@contextmanager
def _ending_on_signals() -> Iterator[None]:
    """Let SIGTERM and SIGHUP unwind the stack as Ctrl-C does, where nothing else handles them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    ours = [s for s in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(s) == signal.SIG_DFL]
    for number in ours:
        signal.signal(number, _exit)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


def _exit(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)
