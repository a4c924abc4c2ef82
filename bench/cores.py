"""Which cores do what."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Self

from bench.tree import family, threads


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

    @classmethod
    def named(cls, which: str) -> Self:
        """``one`` core for what is measured, or ``all`` cores for everything."""
        usable = frozenset(os.sched_getaffinity(0))
        return cls.of_this_machine() if which == "one" else cls(usable, usable)

    def each(self, count: int) -> list[frozenset[int]]:
        """A core for each of so many workers, the last core first; round again if need be."""
        cores = sorted(self.worker | self.others, reverse=True)
        return [frozenset([cores[number % len(cores)]]) for number in range(count)]


@contextmanager
def pinned(cores: frozenset[int]) -> Iterator[None]:
    """Run on these cores; processes started meanwhile stay on them."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def widened(cores: Cores) -> Iterator[None]:
    """Let this process, and the broker where it started one, run on all cores meanwhile."""
    _move(cores.worker | cores.others)
    try:
        yield
    finally:
        _move(cores.others)


def _move(cores: frozenset[int]) -> None:
    for process in family([os.getpid()]):
        for thread in threads(process):
            with suppress(ProcessLookupError):  # it has ended meanwhile
                os.sched_setaffinity(thread, cores)
