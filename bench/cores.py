"""Which cores do what."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Self


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


@contextmanager
def pinned(cores: frozenset[int]) -> Iterator[None]:
    """Run on these cores; processes started meanwhile stay on them."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
