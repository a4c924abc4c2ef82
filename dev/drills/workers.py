"""Workers to do harm to, and the supervisor that starts them again."""

import asyncio
import shutil
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dev.demo.processes import POLL_S, end
from dev.demo.workers import Worker as DemoWorker

_RESTART_S = 0.5
"""Seconds until a worker that died is started again, as a service manager does it."""


@dataclass
class Worker(DemoWorker):
    """One worker.

    Attributes:
        wanted: Whether it is to be started again when it died.
    """

    wanted: bool = True
    _harmed: bool = False
    _due_s: float = 0.0

    @property
    def directory(self) -> Path:
        """Its data."""
        return self.site.directory / f"{self._name}-data"

    @property
    def alive(self) -> bool:
        """Whether its process runs."""
        return self.process is not None and self.process.poll() is None

    @property
    def said(self) -> str:
        """All of its log."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def start(self) -> None:
        """Start it, on the data that is there."""
        self._harmed = False
        super().start()

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, where it runs."""
        if self.process is not None and self.alive:
            self._harmed |= number in {signal.SIGKILL, signal.SIGTERM}
            self.process.send_signal(number)

    async def gone(self, number: signal.Signals, *, wipe: bool = False, again: bool = True) -> None:
        """End it by a signal.

        Args:
            number: SIGKILL or SIGTERM.
            wipe: Whether its data directory goes, too.
            again: Whether it is started again.
        """
        self.wanted = False
        self.send(number)
        while self.alive:  # noqa: ASYNC110 a process sets no event
            await asyncio.sleep(POLL_S / 5)
        if wipe:
            shutil.rmtree(self.directory, ignore_errors=True)
        self._due_s, self.wanted = 0.0, again

    def supervise(self) -> None:
        """Start it where it should run and does not."""
        if not self.wanted or self.alive:
            return
        now_s = time.monotonic()
        if self._due_s == 0.0 and self.process is not None and not self._harmed:
            self.deaths += 1
            self._due_s = now_s + _RESTART_S
        if now_s >= self._due_s:
            self._due_s = 0.0
            self.start()


async def supervise(workers: Sequence[Worker]) -> None:
    """Run workers, start again those that die, and end all when cancelled."""
    try:
        while True:
            for worker in workers:
                worker.supervise()
            await asyncio.sleep(POLL_S)
    finally:
        for worker in workers:
            worker.send(signal.SIGCONT)
        await end([worker.process for worker in workers if worker.process])
