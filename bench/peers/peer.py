"""A peer: another stream processor that counts the same clicks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bench.peers.told import Told


def nothing() -> None:
    """What there is to prepare for a peer that runs in the checkout's own environment."""


@dataclass(frozen=True, slots=True)
class Peer:
    """Another stream processor that counts the same clicks, as its authors would have it do.

    Its program runs with the variables of :class:`~bench.peers.told.Told`, prints the line
    ``READY`` when its source is about to read the first record, and goes on until SIGTERM, or until
    it has read everything (exit code 0).

    Attributes:
        name: What the command line calls it.
        title: What the table calls it, with its version.
        guarantee: What holds after a crash.
        tuning: How it was tuned: one honest sentence.
        command: The program to run.
        prepare: Makes what the program needs, under ``.bench/``; at once when it is there.
        environment: Variables beside those that it is told by.
        updates: It gives every update of a count: the last one of a user and window holds.
        reads_only: It counts nothing, and says ``READ <records>`` when it has read everything.
    """

    name: str
    title: str
    guarantee: str
    tuning: str
    command: Callable[[Told], list[str]]
    prepare: Callable[[], None] = nothing
    environment: Mapping[str, str] = field(default_factory=dict)
    updates: bool = False
    reads_only: bool = False
