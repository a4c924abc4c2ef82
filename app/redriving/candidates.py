"""What could be put back, and what would become of it: pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from app.explain.topics import Place
from app.topics import CLICKS, PURCHASES
from models.join import JoinRules
from models.partitioning import partition_of
from models.watermark import NEVER_MS
from models.windows import WindowRules

COUNT, JOIN = "count", "join"
#: Why a click of a closed window is left out, whatever is asked for.
CLOSED = "its window is closed and its count was given, under the grace of then"


class How(StrEnum):
    """Where the bytes of a record come from."""

    RECEIVED = "as received"
    ANEW = "read anew from its source"
    REBUILT = "rebuilt from the inner record, without userAgent"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A record that could be put back.

    Attributes:
        source: Where it was received.
        kind: clicks or purchases.
        held: Where its bytes are now.
        how: What these bytes are.
        why: What became of it: a dead letter's code, or the stages for which it was late.
        user: The user, if it can be told.
        product: The product, if any.
        event_ms: When it happened, in epoch ms, if it can be told.
        partition: The input partition it goes to.
        doubt: What would become of it again; empty when it would be taken.
        refused: Why it must not be put back; empty when it may.
    """

    source: Place
    kind: str
    held: Place
    how: How
    why: str
    user: str = ""
    product: str | None = None
    event_ms: int | None = None
    partition: int = 0
    doubt: str = ""
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Times:
    """Stream times as last committed, in epoch ms.

    Attributes:
        inputs: S(q) of each input partition, by kind.
        counted: S of each partition of counting.
        joined: S of each partition of joining.
        closed: Windows that start before this are closed, in each partition of counting.
    """

    inputs: Mapping[str, Sequence[int]]
    counted: Sequence[int]
    joined: Sequence[int]
    closed: Sequence[int]


@dataclass(frozen=True, slots=True)
class Judge:
    """Says what would become of a record that is put back now.

    Attributes:
        windows: The rules of counting.
        join: The rules of the join.
        times: How far everything has come.
    """

    windows: WindowRules
    join: JoinRules
    times: Times

    def placed(self, candidate: Candidate) -> Candidate:
        """The candidate with its partition and what would become of it there."""
        home = candidate.source.partition
        if candidate.doubt or candidate.event_ms is None:
            return replace(candidate, partition=home)
        if self.too_late_to_count(candidate, candidate.event_ms):
            return replace(candidate, partition=home, refused=CLOSED)
        times = self.times.inputs[candidate.kind]
        slowest = min(range(len(times)), key=times.__getitem__)
        for partition in (home, slowest):
            if partition < len(times) and not self.late_for(candidate, times[partition]):
                return replace(candidate, partition=partition)
        at = home if home < len(times) else slowest
        stages = " and ".join(self.late_for(candidate, times[at]))
        return replace(candidate, partition=at, doubt=f"late again for {stages}")

    def too_late_to_count(self, candidate: Candidate, event_ms: int) -> bool:
        """Whether a click would be added to a count that was given already.

        That happens once grace was raised: the window is closed, and late by the rules of now is
        only what lies further back.
        """
        if candidate.kind != CLICKS:
            return False
        start_ms = self.windows.start_of(event_ms)
        at = self._partition(candidate)
        end_ms = start_ms + self.windows.size_ms + self.windows.grace_ms
        return start_ms < self.times.closed[at] and self.times.counted[at] < end_ms

    def late_for(self, candidate: Candidate, q_ms: int) -> list[str]:
        """Stages that would not take the record behind S(q), in epoch ms."""
        event_ms = candidate.event_ms or NEVER_MS
        stream_ms = max(q_ms, event_ms)
        at = self._partition(candidate)
        stages = []
        if candidate.kind == CLICKS:
            end_ms = self.windows.start_of(event_ms) + self.windows.size_ms
            reached_ms = max(stream_ms, self.times.counted[at])
            if reached_ms >= end_ms + self.windows.grace_ms + self.windows.revise_ms:
                stages.append(COUNT)
        if candidate.kind == PURCHASES or candidate.product is not None:
            lacked_ms = self.join.lacked(event_ms, stream_ms, self.times.joined[at])
            if lacked_ms > self.join.revise_ms:
                stages.append(JOIN)
        return stages

    def _partition(self, candidate: Candidate) -> int:
        """The partition of the tables to which the user belongs."""
        return partition_of(candidate.user.encode(), len(self.times.counted))


def refusal(candidate: Candidate, late_for: set[str]) -> str:
    """Why a late record may not be put back: a stage took it; empty if it may.

    Args:
        candidate: A late record.
        late_for: The stages for which it was late.
    """
    if candidate.kind == CLICKS and COUNT not in late_for:
        return "counted already: it was late for the join alone"
    if candidate.product is not None and JOIN not in late_for:
        return "joined already, or not read by the join yet: it was late for counting alone"
    return ""
