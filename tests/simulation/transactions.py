"""The broker's side of transactions: epochs, fences, control records and the group's offsets."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random

from aiokafka.errors import ProducerFenced

from models.stage import Output
from tests.simulation.log import Log
from tests.simulation.loop import SimLoop

Partition = tuple[str, int]

#: Seconds after which the broker aborts a transaction; the writers ask for as much.
_TIMEOUT_SECONDS = 30.0


@dataclass
class Open:
    """A transaction that has not come to its end in every log.

    Attributes:
        since: When it began (s).
        offsets: The offsets of its records, by partition.
        group: The group's offsets that become true with it.
        decided: It is committed; not all control records are written yet.
    """

    since: float
    offsets: dict[Partition, list[int]] = field(default_factory=dict)
    group: dict[Partition, tuple[int, str]] = field(default_factory=dict)
    decided: bool = False


class Transactions:
    """All transactional ids.

    Attributes:
        group: The group's committed offsets, with their metadata.
        commits: How many transactions were committed.
    """

    def __init__(self, loop: SimLoop, random: Random, log: Callable[[Partition], Log]) -> None:
        self.group: dict[Partition, tuple[int, str]] = {}
        self.commits = 0
        self._loop = loop
        self._random = random
        self._log = log
        self._epochs: dict[str, int] = {}
        self._open: dict[str, Open] = {}

    def fence(self, name: str) -> int:
        """Begin a new epoch; the former owner's transaction is ended, one way or the other."""
        self._settle(name)
        if name in self._open:
            self._end(name, commit=False)
        self._epochs[name] = self._epochs.get(name, -1) + 1
        return self._epochs[name]

    def begin(self, name: str, epoch: int) -> Open:
        """The transaction at hand.

        Raises:
            ProducerFenced: The epoch is over.
        """
        self._check(name, epoch)
        self._settle(name)
        return self._open.setdefault(name, Open(self._loop.time()))

    def append(
        self, name: str, epoch: int, at: Partition, outputs: list[Output], now_ms: int
    ) -> int:
        """Append to a log; returns the first record's offset."""
        transaction = self.begin(name, epoch)
        first = self._log(at).append(outputs, now_ms, name)
        transaction.offsets.setdefault(at, []).extend(range(first, first + len(outputs)))
        return first

    def add_offsets(
        self, name: str, epoch: int, offsets: Mapping[Partition, tuple[int, str]]
    ) -> None:
        """Let the group's offsets be part of it."""
        self.begin(name, epoch).group.update(offsets)

    def commit(self, name: str, epoch: int) -> None:
        """Decide; the control records follow in some milliseconds. Twice is as good as once."""
        self._check(name, epoch)
        transaction = self._open.get(name)
        if transaction is None or transaction.decided:
            return
        transaction.decided = True
        self.commits += 1
        delay = self._random.choice((0.0, 0.0, 0.002, 0.02, 0.2))
        if delay:
            self._loop.after(delay, self._settle_this, name, transaction)
        else:
            self._end(name, commit=True)

    def expire(self) -> None:
        """Abort what was left open for too long, and fence whoever left it."""
        for name, transaction in list(self._open.items()):
            if self._loop.time() - transaction.since > _TIMEOUT_SECONDS:
                self.fence(name)

    def _check(self, name: str, epoch: int) -> None:
        if self._epochs[name] != epoch:
            raise ProducerFenced

    def _settle(self, name: str) -> None:
        if name in self._open and self._open[name].decided:
            self._end(name, commit=True)

    def _settle_this(self, name: str, transaction: Open) -> None:
        if self._open.get(name) is transaction:
            self._end(name, commit=True)

    def _end(self, name: str, *, commit: bool) -> None:
        transaction = self._open.pop(name)
        if commit:
            self.group.update(transaction.group)
        for at, offsets in transaction.offsets.items():
            self._log(at).end_transaction(name, offsets, commit=commit)
