"""The consumer group: who is in it, and who owns which partitions."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from tests.simulation.broker import Broker, Link
from tests.simulation.loop import Process
from tests.simulation.transactions import Partition

#: Seconds after which a member that is not heard of is out, and one that does not join.
_SESSION_SECONDS = (1.0, 2.5, 6.0)
_JOIN_SECONDS = 6.0
#: Seconds between heartbeats: how soon a member hears of a rebalance.
_HEARTBEAT_SECONDS = 0.3


@dataclass(frozen=True)
class Assignment:
    """What a member owns."""

    generation: int
    actives: list[Partition] = field(default_factory=list)
    standbys: list[Partition] = field(default_factory=list)


class Member(Protocol):
    """A worker, as the group knows it."""

    process: Process
    link: Link

    def hear_rebalance(self) -> None:
        """Give up what it has, and join anew."""


class Group:
    """The group's coordinator; its rebalances are eager: all give up all, then join.

    Attributes:
        members: Who is in it.
        generation: Number of the last rebalance.
    """

    def __init__(
        self,
        broker: Broker,
        units: Sequence[Sequence[Partition]],
        changelogs: Mapping[Partition, Partition],
    ) -> None:
        """Begin without members.

        Args:
            broker: Whose group it is.
            units: Partitions that have to go to one member together.
            changelogs: A changelog's partition, and an input partition that it goes with.
        """
        self.members: list[Member] = []
        self.generation = 0
        self._broker = broker
        self._units = units
        self._changelogs = changelogs
        self._joined: dict[Member, asyncio.Future[Assignment | None]] = {}
        self._preparing = 0

    def join(self, member: Member) -> asyncio.Future[Assignment | None]:
        """Ask for partitions; the answer comes when all have joined, None if it was thrown out."""
        if member not in self.members:
            self.members.append(member)
        self._answer(member, None)
        answer: asyncio.Future[Assignment | None] = self._broker.loop.create_future()
        self._joined[member] = answer
        if not member.process.alive:  # its request was long on its way
            self.watch(member)
        if not self._preparing:
            self.rebalance()
        self._complete()
        return answer

    def rebalance(self) -> None:
        """Have all members join anew."""
        self.generation += 1
        self._preparing = self.generation
        self._broker.note("group", "rebalance", self.generation)
        for member in self.members:
            if member not in self._joined:
                self._tell(member)
        self._broker.loop.after(_JOIN_SECONDS, self._overdue, self._preparing)

    def watch(self, member: Member) -> None:
        """It may not be heard of any more: look after the session timeout."""
        patience = self._broker.random.choice(_SESSION_SECONDS)
        self._broker.loop.after(patience, self._expire, member)

    def expel(self, member: Member) -> None:
        """Throw a member out; it hears of it with a heartbeat."""
        if member in self.members:
            self._broker.note("group", "expelled", member.process.name)
            self._remove(member)
            self._tell(member)

    def leave(self, member: Member) -> None:
        """It goes."""
        if member in self.members:
            self._remove(member)

    def _remove(self, member: Member) -> None:
        self.members.remove(member)
        self._answer(member, None)
        if not self._preparing:
            self.rebalance()
        self._complete()

    def _tell(self, member: Member) -> None:
        def hear() -> None:
            if member not in self._joined:
                member.hear_rebalance()

        delay = self._broker.random.random() * _HEARTBEAT_SECONDS
        self._broker.loop.tell(member.process, delay, hear)

    def _expire(self, member: Member) -> None:
        process = member.process
        if not process.alive or process.frozen or not member.link.up:
            self.expel(member)

    def _overdue(self, generation: int) -> None:
        if self._preparing == generation:
            for member in [m for m in self.members if m not in self._joined]:
                self.expel(member)

    def _complete(self) -> None:
        if not self._preparing or len(self._joined) < len(self.members):
            return
        self._preparing = 0
        if not self.members:
            return
        for member, assignment in self._assignments().items():
            self._broker.note("group", f"assigned {member.process.name}", assignment)
            self._answer(member, assignment)

    def _answer(self, member: Member, assignment: Assignment | None) -> None:
        answer = self._joined.pop(member, None)
        if answer is not None and not answer.done():
            answer.set_result(assignment)

    def _assignments(self) -> dict[Member, Assignment]:
        random = self._broker.random
        found = {member: Assignment(self.generation) for member in self.members}
        owner: dict[Partition, Member] = {}
        spread = random.random() < 0.8
        for number, unit in enumerate(random.sample(self._units, len(self._units))):
            turn = number % len(self.members)
            member = self.members[turn] if spread else random.choice(self.members)
            found[member].actives.extend(unit)
            owner |= dict.fromkeys(unit, member)
        for changelog, at in self._changelogs.items():
            others = [member for member in self.members if member is not owner[at]]
            if others and random.random() < 0.6:
                found[random.choice(others)].standbys.append(changelog)
        return found
