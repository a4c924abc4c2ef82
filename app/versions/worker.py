"""The worker of a replay: a process of its own."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from app.settings import environment
from app.versions.errors import VersionError

#: Seconds that a worker may take to end in order.
_STOP_S = 30.0
#: Characters told of what it printed last.
_TAIL = 1_500


@dataclass(frozen=True, slots=True)
class ReplayWorker:
    """A running worker.

    Attributes:
        process: Its process.
        log: What it prints.
    """

    process: asyncio.subprocess.Process
    log: Path

    def check(self) -> None:
        """Check that it runs.

        Raises:
            VersionError: It has ended, with what it printed last.
        """
        if self.process.returncode is not None:
            last = self.log.read_text(errors="replace")[-_TAIL:]
            raise VersionError(
                f"The worker must run until all is replayed; it ended with exit code "
                f"{self.process.returncode}. Look at {self.log}, then replay again: it goes on "
                f"where it stopped. It said last:\n{last}"
            )


@asynccontextmanager
async def replay_worker(
    variables: Mapping[str, str], directory: Path, port: int | None
) -> AsyncIterator[ReplayWorker]:
    """Run a worker of a version; it ends with this, and with this process.

    Args:
        variables: What is set otherwise in its environment.
        directory: The version's, where its log goes.
        port: Of its web views; None: a free one.

    Raises:
        VersionError: The directory can't be written.
    """
    log = directory / "replay.log"
    arguments = ["worker", "-l", "info", "--web-port", str(port or _free_port())]
    with _opened(log) as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "app.versions.child",
            str(os.getpid()),
            *arguments,
            env=environment(variables),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield ReplayWorker(process, log)
    finally:
        await _end(process)


def _opened(log: Path) -> IO[bytes]:
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        return log.open("ab")
    except OSError as error:
        raise VersionError(
            f"What the worker of a replay prints goes to {log}; that can't be written "
            f"({error.strerror}). Set CLICKSTREAM_DATA_DIR."
        ) from None


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(_STOP_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
