"""A schema registry of one's own, as a child process, to start and stop."""

import http.client
import json
import signal
import time
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from dev.kafka.errors import KafkaError, PortError, StartError
from dev.kafka.jars import ROOT, fetch_once
from dev.kafka.java import Process, end, java, spawn
from dev.kafka.ports import HOST, free_port, is_free

_POM = Path(__file__).with_name("pom.xml")

_START_TIMEOUT_S = 120.0
"""Seconds it may take to answer; it needs 10, on a busy machine 40."""

_STOP_TIMEOUT_S = 10.0
"""Seconds it may take to end after SIGTERM, before it is killed."""

_POLL_S = 0.1
_JVM = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx256m")
_PATH = "/apis/ccompat/v7"


class LocalRegistry:
    """A schema registry on 127.0.0.1 that forgets all when it stops."""

    def __init__(self, directory: Path, port: int | None = None) -> None:
        """Name the place; nothing runs before `start`.

        Args:
            directory: keeps the log.
            port: where clients connect, 1 to 65535; a free one when None.
        """
        self.port = free_port() if port is None else port
        self._log = directory / "registry.log"
        self._process: Process | None = None

    @property
    def url(self) -> str:
        """Where it answers as Confluent's does."""
        return f"http://{HOST}:{self.port}{_PATH}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start it, and wait until it answers.

        Raises:
            PortError: another process listens on the port.
            JarsError: Maven is missing, or failed.
            StartError: It ended, or does not answer.
        """
        if not is_free(self.port):
            msg = f"The schema registry needs port {self.port} of {HOST}, and another process"
            raise PortError(f"{msg} listens there: choose another (--port)")
        home = fetch_once(ROOT, "the schema registry", _POM, "registry", "dependency:unpack")
        (jar,) = home.glob("*-runner.jar")
        where = (f"-Dquarkus.http.host={HOST}", f"-Dquarkus.http.port={self.port}")
        self._process = spawn([java(), *_JVM, *where, "-jar", str(jar)], self._log)
        try:
            self._wait_until_it_answers(self._process)
        except BaseException:
            self.stop()
            raise

    def wait(self) -> None:
        """Wait until it ends of itself."""
        if self._process is not None:
            self._process.wait()

    def stop(self) -> None:
        """End it."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(signal.SIGCONT)
            end(process, _STOP_TIMEOUT_S)

    def freeze(self) -> None:
        """Let it answer nobody, and forget nothing, until it thaws."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is None:
            raise KafkaError("a registry that does not run gets no signal: start it first")
        self._process.send_signal(number)

    def register(self, subject: str, schema: Any, kind: str = "AVRO", **more: Any) -> int:
        """Register a schema under a subject; return its id.

        Args:
            subject: the subject.
            schema: the schema, to be written as JSON.
            kind: AVRO or JSON.
            more: more fields of the request, such as references.
        """
        body = {"schemaType": kind, "schema": json.dumps(schema), **more}
        with closing(http.client.HTTPConnection(HOST, self.port, timeout=30)) as connection:
            path = f"{_PATH}/subjects/{subject}/versions"
            headers = {"Content-Type": "application/vnd.schemaregistry.v1+json"}
            connection.request("POST", path, json.dumps(body), headers)
            answer = json.load(connection.getresponse())
        if "id" not in answer:
            raise KafkaError(f"a schema is registered under {subject}; the registry says {answer}")
        return int(answer["id"])

    def _wait_until_it_answers(self, process: Process) -> None:
        deadline_s = time.monotonic() + _START_TIMEOUT_S
        while not self._answers():
            if process.poll() is not None:
                raise StartError("The schema registry ended while it started", self._log)
            if time.monotonic() > deadline_s:
                raise StartError(f"The schema registry does not answer at {self.url}", self._log)
            time.sleep(_POLL_S)

    def _answers(self) -> bool:
        with closing(http.client.HTTPConnection(HOST, self.port, timeout=5)) as connection:
            try:
                connection.request("GET", f"{_PATH}/subjects")
                return connection.getresponse().status == http.HTTPStatus.OK
            except (OSError, http.client.HTTPException):
                return False
