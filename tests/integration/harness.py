"""Workers as processes, and topics as a test writes and reads them."""

import asyncio
import json
import os
import signal
import subprocess
import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from dev.kafka.ports import free_port
from tests.integration import launching
from tests.integration.launching import Launched

#: Settings of test workers: quick to notice a death, never idle unless a test asks for it.
_QUICK = {"PARTITIONS": "4", "SESSION_TIMEOUT": "3s", "IDLE_TIMEOUT": "1h"}
#: Seconds until outputs must be complete, and until nothing more may come after that.
_COMPLETE_SECONDS, _SETTLE_SECONDS = 90.0, 1.5
#: Seconds that a command may take.
_COMMAND_SECONDS = 120.0


@dataclass(frozen=True)
class Event:
    """A record to put into an input topic."""

    topic: str
    partition: int
    value: bytes
    key: bytes | None = None
    headers: Sequence[tuple[str, bytes]] = ()


@dataclass
class Worker:
    """One worker process with a data directory and a web port of its own."""

    env: dict[str, str]
    directory: Path
    log: Path
    port: int
    command: tuple[str, ...] = ()
    process: Launched | None = None

    def start(self) -> None:
        """Start it (again), on its data directory."""
        command = self.command or ("worker", "-l", "info", "--web-port", str(self.port))
        with self.log.open("ab") as log:
            env = self.env | {"CLICKSTREAM_DATA_DIR": str(self.directory)}
            self.process = launching.start(command, env, log, log, session=True)

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self.process is not None and self.process.poll() is None

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process."""
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        self.signal(signal.SIGKILL)
        self.wait()

    def stop(self) -> None:
        """End it in order."""
        if self.alive:
            self.signal(signal.SIGCONT)
            self.signal(signal.SIGTERM)
            try:
                self.wait()
            except subprocess.TimeoutExpired:
                self.kill()

    def wait(self) -> int:
        """Wait for its end; its exit code."""
        assert self.process is not None
        return self.process.wait(timeout=30)

    def ready_count(self) -> int:
        """How often it became ready."""
        return self.log.read_text().count("Worker ready") if self.log.exists() else 0

    def until_ready(self, times: int = 1) -> None:
        """Wait until it became ready for so many times; fail if it ends instead."""
        until(
            lambda: self.ready_count() >= times or not self.alive,
            f"{self.log} to say ready {times} times",
        )
        assert self.alive, self.log.read_text()[-5_000:]


@dataclass
class Cluster:
    """Topics of one test's own, and the workers on them.

    Attributes:
        bootstrap: Kafka's address.
        directory: Where logs and data directories go.
        settings: Settings by name, without their prefix.
    """

    bootstrap: str
    directory: Path
    settings: dict[str, str] = field(default_factory=dict)
    workers: list[Worker] = field(default_factory=list)

    def __post_init__(self) -> None:
        prefix = f"t{uuid.uuid4().hex[:8]}-"
        self.settings = _QUICK | {"TOPIC_PREFIX": prefix, "APP_ID": f"{prefix}app"} | self.settings
        self.prefix = prefix
        self.partitions = int(self.settings["PARTITIONS"])

    @property
    def env(self) -> dict[str, str]:
        """The environment of workers and commands."""
        ours = {f"CLICKSTREAM_{name}": value for name, value in self.settings.items()}
        return os.environ | ours | {"CLICKSTREAM_BROKER": f"kafka://{self.bootstrap}"}

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run ``faust -A app`` with arguments."""
        env = self.env | {"CLICKSTREAM_DATA_DIR": str(self.directory / "commands")}
        return launching.run(arguments, env, _COMMAND_SECONDS)

    def init_topics(self) -> None:
        """Create the topics."""
        done = self.command("init-topics")
        assert done.returncode == 0, done.stdout + done.stderr

    def worker(self, *command: str) -> Worker:
        """Start one more worker, or another command."""
        number = len(self.workers)
        log = self.directory / f"worker-{number}.log"
        worker = Worker(self.env, self.directory / f"data-{number}", log, free_port(), command)
        self.workers.append(worker)
        worker.start()
        return worker

    def stop(self) -> None:
        """Stop all workers, at the same time."""
        for worker in self.workers:
            if worker.alive:
                worker.signal(signal.SIGCONT)
                worker.signal(signal.SIGTERM)
        for worker in self.workers:
            worker.stop()

    def kill(self) -> None:
        """End all workers at once, where nobody looks at their end: it takes no seconds."""
        running = [worker for worker in self.workers if worker.alive]
        for worker in running:
            worker.signal(signal.SIGKILL)
        for worker in running:
            worker.wait()

    def topic(self, short: str) -> str:
        """A topic's full name."""
        return self.prefix + short

    def produce(self, events: Iterable[Event]) -> None:
        """Write events to the inputs, in order within each partition."""
        asyncio.run(_produce(self.bootstrap, self.prefix, list(events)))

    def read(self, *shorts: str) -> dict[str, list[Any]]:
        """All committed records of topics, by short name, in offset order within a partition."""
        names = {self.topic(short): short for short in shorts}
        return asyncio.run(_read(self.bootstrap, names))

    def until_outputs(
        self, found: Callable[[], Any], expected: Any, lacking: Callable[[Any, Any], Any]
    ) -> Any:
        """Read outputs until they hold all that is expected, and a little longer.

        Returns:
            What was found in the end, for the test to compare.
        """
        last = found()
        deadline = time.monotonic() + _COMPLETE_SECONDS
        while lacking(expected, last) and time.monotonic() < deadline:
            time.sleep(0.5)
            last = found()
        time.sleep(_SETTLE_SECONDS)
        return found()


def until(condition: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.05)


async def _produce(bootstrap: str, prefix: str, events: list[Event]) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, linger_ms=5, max_request_size=5 << 20)
    await producer.start()
    try:
        sent = [
            await producer.send(
                prefix + e.topic, e.value, e.key, partition=e.partition, headers=list(e.headers)
            )
            for e in events
        ]
        await asyncio.gather(*sent)
    finally:
        await producer.stop()


async def _read(bootstrap: str, names: dict[str, str]) -> dict[str, list[Any]]:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, isolation_level="read_committed", auto_offset_reset="earliest"
    )
    await consumer.start()
    found: dict[str, list[Any]] = {short: [] for short in names.values()}
    try:
        partitions = [
            TopicPartition(name, p)
            for name in names
            for p in await consumer._client._wait_on_metadata(name)
        ]
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        left = {tp for tp in partitions if ends[tp]}
        while left:
            for tp, records in (await consumer.getmany(*left, timeout_ms=200)).items():
                found[names[tp.topic]].extend(records)
            left = {tp for tp in left if await consumer.position(tp) < ends[tp]}
    finally:
        await consumer.stop()
    return found


def values(records: Iterable[Any]) -> list[Any]:
    """The JSON values of records, control records left out."""
    return [json.loads(r.value) for r in records if r.value is not None]
