"""A small disk for one worker: a tmpfs in a mount namespace, or else a limit on files' sizes."""

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from dev.demo.processes import FAUST
from dev.kafka.jars import ROOT

_MIB = 1024 * 1024
_MOUNT = 'mount -t tmpfs -o size="$1" tmpfs "$0" && echo mounted && exec cat'


class Disk(Protocol):
    """A disk that is small.

    Attributes:
        faust: The command of a worker whose data is on it.
    """

    faust: Sequence[str]

    def grow(self) -> None:
        """Make it as large as anybody needs."""

    def fill(self) -> None:
        """Leave no space on it."""


class _Namespace:
    """A tmpfs that only the worker sees."""

    def __init__(self, directory: Path, holder: int) -> None:
        self._directory = directory
        self._enter = ("nsenter", "-t", str(holder), "-U", "-m", "--preserve-credentials")
        self.faust: Sequence[str] = (*self._enter, f"--wd={ROOT}", *FAUST)

    def fill(self) -> None:
        """Write zeros until there is no space."""
        zeros = f"of={self._directory}/ballast"
        self._run("dd", "if=/dev/zero", zeros, "bs=64k", check=False)

    def grow(self) -> None:
        """Remove what fills it, and make it large."""
        self._run("rm", "-f", f"{self._directory}/ballast")
        self._run("mount", "-o", "remount,size=128m", str(self._directory))

    def _run(self, *command: str, check: bool = True) -> None:
        subprocess.run([*self._enter, *command], check=check, capture_output=True)


class _Limit:
    """A limit on the size of the worker's files: where there are no namespaces."""

    def __init__(self) -> None:
        self.fill()

    def grow(self) -> None:
        self.faust: Sequence[str] = FAUST

    def fill(self) -> None:
        self.faust = ("prlimit", f"--fsize={_MIB // 2}", *FAUST)


@contextmanager
def small_disk(directory: Path) -> Iterator[Disk]:
    """A disk of three MiB for a worker's data directory, for as long as it is needed."""
    directory.mkdir(parents=True, exist_ok=True)
    command = ["unshare", "-rm", "sh", "-c", _MOUNT, str(directory), f"{3 * _MIB}"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as holder:
        try:
            mounted = holder.stdout is not None and holder.stdout.readline() == b"mounted\n"
            yield _Namespace(directory, holder.pid) if mounted else _Limit()
        finally:
            holder.kill()
