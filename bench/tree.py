"""The processor time and the memory of a process and all its descendants, from /proc."""

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
#: Places among the fields that follow the command in /proc/<pid>/stat: user and system time of the
#: process, then of its children that ended and were waited for.
_TIMES = slice(11, 15)
#: Seconds between looks for new descendants, and at the memory: both cost more than the times.
_LOOK_SECONDS = 0.5
_KIB = 1024


@dataclass(frozen=True, slots=True)
class Sample:
    """A moment of a process's life.

    Attributes:
        at_s: The monotonic clock, in seconds.
        cpu_s: Processor seconds used so far, user and system, all threads and descendants.
        peak_bytes: The most memory used so far (VmHWM), summed over all processes seen.
        used_bytes: The memory in use (VmRSS).
    """

    at_s: float
    cpu_s: float
    peak_bytes: int = 0
    used_bytes: int = 0


class Tree:
    """A process and its descendants; one that was seen once stays, whoever its parent becomes."""

    def __init__(self, root: int) -> None:
        """Begin with the root.

        Args:
            root: Process id. It must not be waited for before the last sample is taken: a process
                that has ended keeps its times until then.
        """
        self._processes = {root}
        self._peaks: dict[int, int] = {}
        self._looked_s = 0.0
        self._used = 0

    def sample(self) -> Sample:
        """This moment."""
        now_s = time.monotonic()
        if now_s - self._looked_s >= _LOOK_SECONDS:
            self._looked_s = now_s
            self._look()
        cpu_s = sum(_cpu_seconds(pid) for pid in self._processes)
        return Sample(now_s, cpu_s, sum(self._peaks.values()), self._used)

    def _look(self) -> None:
        self._processes |= family(self._processes)
        self._used = 0
        for pid in self._processes:
            status = _status(pid)
            self._used += status.get("VmRSS", 0)
            self._peaks[pid] = max(self._peaks.get(pid, 0), status.get("VmHWM", 0))


def family(roots: Iterable[int]) -> set[int]:
    """These processes and all their descendants."""
    known = set(roots)
    waiting = list(known)
    while waiting:
        found = set(_children(waiting.pop())) - known
        known |= found
        waiting += found
    return known


def threads(pid: int) -> list[int]:
    """The threads of a process, by id."""
    return [int(task.name) for task in Path(f"/proc/{pid}/task").glob("*")]


def _cpu_seconds(pid: int) -> float:
    """Times of a process; those of one that is gone are its parent's."""
    fields = _read(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()
    return sum(map(int, fields[_TIMES])) / _TICKS_PER_SECOND


def _children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for children in tasks for child in _read(children).split()]


def _status(pid: int) -> dict[str, int]:
    """Sizes in bytes, by name; none of a process that has ended."""
    lines = _read(Path(f"/proc/{pid}/status")).splitlines()
    sizes = (line.split() for line in lines if line.startswith(("VmHWM", "VmRSS")))
    return {fields[0].rstrip(":"): int(fields[1]) * _KIB for fields in sizes}


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
