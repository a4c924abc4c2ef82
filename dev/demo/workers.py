"""The workers, and the supervisor that starts them again."""

import asyncio
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dev.demo.errors import DemoError
from dev.demo.processes import FAUST, POLL_S, end, spawn
from dev.demo.site import Site
from dev.kafka.errors import tail
from dev.kafka.ports import free_port

_RESTARTS = 3
"""As often as this a worker is started again; what dies more often won't do better."""

_READY_S = 90.0
"""Seconds a worker may take to be ready; it needs five, on a busy machine fifteen."""

_READY = b"Worker ready"


@dataclass
class Worker:
    """One worker.

    Attributes:
        site: Where.
        number: 1, 2, ...
        port: Of its web views.
        process: What runs now.
        deaths: How often it ended of itself.
        faust: The command that it is started by.
    """

    site: Site
    number: int
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    deaths: int = 0
    faust: Sequence[str] = FAUST
    _log_begin: int = 0

    @property
    def url(self) -> str:
        """Of its web views."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Of the process that runs now."""
        return self.process.pid if self.process else 0

    @property
    def ready(self) -> bool:
        """Whether it has taken up its work since it was last started."""
        return _READY in self._log.read_bytes()[self._log_begin :]

    def start(self) -> None:
        """Start it, on the data that is there."""
        self._log_begin = self._log.stat().st_size if self._log.exists() else 0
        port = str(self.port)
        self.process = spawn(
            self.site, self._name, "worker", "-l", "info", "--web-port", port, faust=self.faust
        )

    def revive(self, say: Callable[[str], None]) -> None:
        """Start it again where it has died.

        Raises:
            DemoError: It died too often.
        """
        if self.process is None or self.process.poll() is None:
            return
        self.deaths += 1
        how = f"Worker {self.number} ended unexpectedly ({_reason(self.process.returncode)})"
        if self.deaths > _RESTARTS:
            raise self.error(f"{how}, for the {self.deaths}th time")
        self.start()
        say(f"{how}: it is started again, as process {self.pid}.")

    def error(self, what: str) -> DemoError:
        """An error with the end of its log."""
        return DemoError(f"{what}; the end of its log:\n{tail(self._log)}")

    @property
    def _name(self) -> str:
        return f"worker-{self.number}"

    @property
    def _log(self) -> Path:
        return self.site.log(self._name)


def _reason(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"


async def supervise(workers: Sequence[Worker], say: Callable[[str], None]) -> None:
    """Run workers, start again those that die, and end all when cancelled.

    Args:
        workers: Not started yet.
        say: Told of each that died.

    Raises:
        DemoError: One died too often.
    """
    try:
        for worker in workers:
            worker.start()
        while True:
            await asyncio.sleep(POLL_S)
            for worker in workers:
                worker.revive(say)
    finally:
        await end([worker.process for worker in workers if worker.process])


async def until_ready(worker: Worker) -> None:
    """Wait until it has taken up its work.

    Raises:
        DemoError: That takes too long.
    """
    deadline_s = time.monotonic() + _READY_S
    while worker.process is None or not worker.ready:
        if time.monotonic() > deadline_s:
            raise worker.error(f"Worker {worker.number} was not ready in {_READY_S:.0f} s")
        await asyncio.sleep(POLL_S)
