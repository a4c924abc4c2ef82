"""Which cores do what, and the processor time of a process."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
#: Places of user and system time among the fields that follow the command in /proc/<pid>/stat.
_USER, _SYSTEM = 11, 12


@dataclass(frozen=True, slots=True)
class Cores:
    """One core for the worker that is measured, the others for Kafka and the rest.

    Attributes:
        worker: The worker's.
        others: Everybody else's; the same on a machine of one core.
    """

    worker: frozenset[int]
    others: frozenset[int]

    @classmethod
    def of_this_machine(cls) -> Self:
        """The last core that this process may use, and all before it."""
        usable = sorted(os.sched_getaffinity(0))
        return cls(frozenset(usable[-1:]), frozenset(usable[:-1] or usable))


@contextmanager
def pinned(cores: frozenset[int]) -> Iterator[None]:
    """Run on these cores; processes started meanwhile stay on them."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and all its threads, to a hundredth of a second."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[_USER]) + int(fields[_SYSTEM])) / _TICKS_PER_SECOND
