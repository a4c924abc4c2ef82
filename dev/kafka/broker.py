"""A Kafka broker of one's own, as a child process, to start, stop, kill and restart."""

import base64
import time
import uuid
from pathlib import Path
from types import TracebackType
from typing import Self

from dev.kafka import ports
from dev.kafka.config import JVM_OPTIONS, server_properties
from dev.kafka.errors import KafkaError, PortError, StartError
from dev.kafka.jars import ensure_jars
from dev.kafka.java import Process, end, java, spawn
from dev.kafka.security import Security

START_TIMEOUT_S = 60.0
"""Seconds a broker may take to answer; it needs 3, on a busy machine 10."""

STOP_TIMEOUT_S = 20.0
"""Seconds a broker may take to end after SIGTERM, before it is killed."""

_POLL_S = 0.05
"""Seconds between two looks at a broker that starts."""


class LocalKafka:
    """One Kafka broker on 127.0.0.1 whose data and log stay in its directory."""

    def __init__(
        self, directory: Path, port: int | None = None, security: Security | None = None
    ) -> None:
        """Name the place; nothing runs before `start`.

        Args:
            directory: keeps the data, the log and the configuration; made where it is missing.
            port: where clients connect, 1 to 65535; a free one when None.
            security: listeners beside the plain one.
        """
        self._security = security
        self.directory = directory.resolve()
        self.port = ports.free_port() if port is None else port
        self._controller_port = ports.free_port()
        self._process: Process | None = None

    @property
    def bootstrap(self) -> str:
        """`host:port`, as Kafka clients take it."""
        return f"{ports.HOST}:{self.port}"

    @property
    def url(self) -> str:
        """`kafka://host:port`, as CLICKSTREAM_BROKER takes it."""
        return f"kafka://{self.bootstrap}"

    def secure(self, protocol: str) -> str:
        """`host:port` of a listener beside the plain one: SSL, SASL_PLAINTEXT or SASL_SSL."""
        if self._security is None:
            raise KafkaError(f"a broker without security has no listener {protocol}: give it some")
        return f"{ports.HOST}:{self._security.ports[protocol]}"

    @property
    def log(self) -> Path:
        """What the broker logs and prints, of all its starts."""
        return self.directory / "kafka.log"

    @property
    def pid(self) -> int | None:
        """The broker's process id while it runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def start(self) -> None:
        """Start the broker and wait until it answers.

        Raises:
            PortError: another process listens on the port.
            StartError: the broker ended, or did not answer in START_TIMEOUT_S.
            JarsError: Kafka's jars can't be fetched.
            KafkaError: it runs already, or there is no Java.
        """
        self._check_startable()
        command = [java(), *JVM_OPTIONS, "-cp", f"{ensure_jars()}/*"]
        self._configure()
        self._format(command)
        self._process = spawn([*command, "kafka.Kafka", str(self._properties)], self.log)
        try:
            self._wait_until_it_answers()
        except BaseException:
            self.kill()
            raise

    def stop(self, timeout_s: float = STOP_TIMEOUT_S) -> None:
        """End the broker in an orderly way, and kill it if that takes longer than `timeout_s`."""
        process, self._process = self._process, None
        if process is not None:
            end(process, timeout_s)

    def kill(self) -> None:
        """End the broker at once, as a power cut would (SIGKILL)."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def restart(self) -> None:
        """Stop the broker where it runs, then start it on the same port and data."""
        self.stop()
        self.start()

    def wait(self) -> int:
        """Wait until the broker ends of itself and return its exit code (0 where none runs)."""
        return 0 if self._process is None else self._process.wait()

    def __enter__(self) -> Self:
        """Start the broker."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the broker."""
        self.stop()

    @property
    def _properties(self) -> Path:
        return self.directory / "server.properties"

    @property
    def _data(self) -> Path:
        return self.directory / "data"

    def _check_startable(self) -> None:
        if self.pid is not None:
            msg = f"a broker starts once, and this one runs as process {self.pid}: stop it first"
            raise KafkaError(msg)
        if not ports.is_free(self.port):
            msg = f"Kafka needs port {self.port} of {ports.HOST}, and another process listens there"
            raise PortError(f"{msg}: choose another (`make kafka`: CLICKSTREAM_KAFKA_PORT)")
        if not ports.is_free(self._controller_port):
            self._controller_port = ports.free_port()

    def _configure(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        if self._security is not None:
            self._security.make()
        text = server_properties(self._data, self.port, self._controller_port, self._security)
        self._properties.write_text(text)

    def _format(self, command: list[str]) -> None:
        """Give the data directory its identity, where it has none."""
        if (self._data / "meta.properties").exists():
            return
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes)[:22].decode()
        # For a second of work the first compiler is quicker than both.
        tool = [*command, "-XX:TieredStopAtLevel=1", "kafka.tools.StorageTool", "format"]
        more = self._security.credentials() if self._security else []
        config = ["--config", str(self._properties), f"--cluster-id={cluster}"]
        process = spawn([*tool, *config, *more], self.log)
        try:
            code = process.wait(START_TIMEOUT_S)
        finally:
            process.kill()
        if code != 0:
            raise StartError(f"Kafka could not format {self._data} (exit code {code})", self.log)

    def _wait_until_it_answers(self) -> None:
        deadline_s = time.monotonic() + START_TIMEOUT_S
        while not ports.answers(ports.HOST, self.port):
            if self.pid is None:
                raise StartError("Kafka ended while it started", self.log)
            if time.monotonic() > deadline_s:
                what = f"Kafka did not answer on {self.bootstrap} in {START_TIMEOUT_S:.0f} s"
                raise StartError(what, self.log)
            time.sleep(_POLL_S)
