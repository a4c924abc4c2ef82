"""The application's processes: commands that run to their end, and their orderly end before it."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence

from dev.demo.errors import DemoError
from dev.demo.site import Site
from dev.kafka.errors import tail
from dev.kafka.jars import ROOT

POLL_S = 0.1
"""Seconds between two looks at a process."""

_STOP_S = 15.0
"""Seconds a process may take to end after SIGTERM, before it is killed; a worker needs two."""


FAUST = (sys.executable, "-m", "faust")


def spawn(
    site: Site, name: str, *arguments: str, faust: Sequence[str] = FAUST
) -> subprocess.Popen[bytes]:
    """Start `faust -A app` in a session of its own: the terminal's Ctrl-C reaches only the demo.

    Args:
        site: Where.
        name: Of its log and its data directory.
        arguments: Command and options.
        faust: The command that is Faust's.
    """
    with site.log(name).open("ab") as log:
        return subprocess.Popen(
            [*faust, "-A", "app", *arguments],
            cwd=ROOT,
            env=site.environment(name),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


async def run(site: Site, name: str, *arguments: str) -> str:
    """Run a command to its end, and end it where the demo ends first.

    Returns:
        What it printed, or the end of it.

    Raises:
        DemoError: It failed.
    """
    process = spawn(site, name, *arguments)
    try:
        while process.poll() is None:  # noqa: ASYNC110 it sets no event
            await asyncio.sleep(POLL_S)
    finally:
        await end([process])
    said = tail(site.log(name))
    if process.returncode != 0:
        command = " ".join(("faust -A app", *arguments))
        raise DemoError(f"`{command}` failed (exit code {process.returncode}):\n{said}")
    return said


async def end(processes: Iterable[subprocess.Popen[bytes]]) -> None:
    """End processes in order, all at once, and kill those that take too long."""
    running = [process for process in processes if process.poll() is None]
    for process in running:
        process.terminate()
    deadline_s = time.monotonic() + _STOP_S
    try:
        while _any_runs(running) and time.monotonic() < deadline_s:  # noqa: ASYNC110 as above
            await asyncio.sleep(POLL_S)
    finally:
        for process in running:
            process.kill()
            process.wait()


def _any_runs(processes: Iterable[subprocess.Popen[bytes]]) -> bool:
    return any(process.poll() is None for process in processes)
