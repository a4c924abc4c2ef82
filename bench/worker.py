"""A Faust worker as a process of its own, pinned to its core, ended with whatever is measured."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bench.cores import pinned
from bench.tree import Sample, Tree
from dev.kafka.errors import tail
from dev.kafka.jars import ROOT
from dev.kafka.ports import free_port

_STOP_SECONDS = 20.0


class BenchError(Exception):
    """What was to be measured did not happen, or came out wrong."""


@dataclass(frozen=True, slots=True)
class FaustWorker:
    """A running worker.

    Attributes:
        process: Its process.
        log: What it prints.
        tree: It and its descendants.
    """

    process: subprocess.Popen[bytes]
    log: Path
    tree: Tree

    def sample(self) -> Sample:
        """This moment; raises BenchError if the worker has ended."""
        if self.process.poll() is not None:
            raise BenchError(f"The worker ended; the end of its log:\n{tail(self.log)}")
        return self.tree.sample()

    def said(self, start: str) -> list[str]:
        """Whole lines it has printed that contain this text, from there on."""
        return said(self.log, start)


@contextmanager
def faust_worker(
    application: str, environment: Mapping[str, str], log: Path, core: frozenset[int]
) -> Iterator[FaustWorker]:
    """Run a worker.

    Args:
        application: Module of the Faust application.
        environment: Variables to set; all others of this application are unset.
        log: File for what it prints.
        core: The core to run on.
    """
    command = [sys.executable, "-m", "faust", "-A", application, "worker", "-l", "info"]
    command += ["--web-port", str(free_port())]
    with started(command, environment, log, core) as process:
        yield FaustWorker(process, log, Tree(process.pid))


@contextmanager
def started(
    command: Sequence[str], environment: Mapping[str, str], log: Path, core: frozenset[int]
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program; it ends with this, in order, and then by force whatever it left behind.

    Args:
        command: The program and its arguments.
        environment: Variables to set; all others of this application are unset.
        log: File for what it prints.
        core: The core to run on.
    """
    with log.open("wb") as output, pinned(core):
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=_without_settings(os.environ) | dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        _end(process)


def said(log: Path, start: str) -> list[str]:
    """Whole lines of a log that contain this text, from there on."""
    text = log.read_text(errors="replace")
    lines = text[: text.rfind("\n") + 1].splitlines()
    return [line[line.index(start) :] for line in lines if start in line]


def _without_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables without this application's."""
    return {k: v for k, v in environment.items() if not k.startswith("CLICKSTREAM_")}


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        pass
    finally:
        with suppress(ProcessLookupError):  # where nothing is left
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_for(
    condition: Callable[[], bool], what: str, seconds: float, poll_s: float = 0.02
) -> None:
    """Wait until something is so; raises BenchError when it takes too long."""
    deadline_s = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline_s:
            raise BenchError(f"{what} must happen within {seconds:.0f} s; it did not.")
        time.sleep(poll_s)
