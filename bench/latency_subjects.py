"""Whose latency is measured: this application as it may be set, and its peers."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Protocol

from app.topics import CLICK_COUNTS, CLICKS, CONVERSION_EVENTS, PURCHASES, topic_name
from bench.latency_traffic import GRACE_MS, WINDOW_MS
from bench.peers.kafka_streams.peers import java
from bench.peers.told import READY
from bench.setup import Setup
from bench.tree import Sample, Tree
from bench.worker import FaustWorker, faust_worker, started

#: Application id.
NAME = "latency"
#: The windows; all else is a subject's own.
_WINDOWS = {"WINDOW_SIZE": f"{WINDOW_MS}ms", "GRACE": f"{GRACE_MS}ms"}


class Running(Protocol):
    """A subject at work, in a process of its own."""

    def sample(self) -> Sample:
        """This moment; raises BenchError if it has ended."""

    def said(self, start: str) -> list[str]:
        """Whole lines it has printed that contain this text, from there on."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose latency is measured.

    Attributes:
        name: As shown.
        guarantee: What holds after a crash.
        ready: What it prints when it has its partitions.
        start: Runs it between the topics of a place, whose prefix they have.
    """

    name: str
    guarantee: str
    ready: str
    start: Callable[[Setup], AbstractContextManager[Running]]


def ours(name: str, **settings: str) -> Subject:
    """This application.

    Args:
        name: As shown.
        settings: What is set beside the windows; all else is the defaults.
    """

    def start(setup: Setup) -> AbstractContextManager[Running]:
        environment = setup.environment(NAME, **_WINDOWS, **settings)
        log = setup.directory / f"{setup.prefix}worker.log"
        return faust_worker("app", environment, log, setup.cores.worker)

    return Subject(name, "exactly once", "Restored ", start)


def kafka_streams(name: str, **variables: str) -> Subject:
    """Kafka Streams; see ``Pipeline.java``.

    Args:
        name: As shown.
        variables: What is set beside the windows; all else is the defaults, but for exactly once.
    """

    @contextmanager
    def start(setup: Setup) -> Iterator[Running]:
        settings = setup.settings(NAME)
        told = {
            "BENCH_BOOTSTRAP": setup.bootstrap,
            "BENCH_GROUP": f"{setup.prefix}{NAME}",
            "BENCH_DIR": str(setup.directory / f"{setup.prefix}state"),
            "BENCH_CLICKS_TOPIC": topic_name(settings, CLICKS),
            "BENCH_PURCHASES_TOPIC": topic_name(settings, PURCHASES),
            "BENCH_OUTPUT": topic_name(settings, CLICK_COUNTS),
            "BENCH_CONVERSIONS": topic_name(settings, CONVERSION_EVENTS),
            "BENCH_WINDOW_MS": str(WINDOW_MS),
            "BENCH_GRACE_MS": str(GRACE_MS),
            # As long as ours; with its own 2 s its first counts came minutes late.
            "BENCH_RETENTION_MS": str(settings.retention_ms),
        }
        log = setup.directory / f"{setup.prefix}streams.log"
        with started(java("Pipeline"), told | variables, log, setup.cores.worker) as process:
            yield FaustWorker(process, log, Tree(process.pid))

    return Subject(name, "exactly once", READY, start)


SUBJECTS = (
    ours("clickstream, COMMIT_INTERVAL=20ms", COMMIT_INTERVAL="20ms"),
    ours("clickstream, defaults"),
    kafka_streams("Kafka Streams, defaults"),
)
