"""What a redrive would send, hold back and leave out."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from app.explain.topics import Place
from app.redriving.candidates import Candidate, How, Judge, refusal
from app.redriving.choice import Choice
from app.redriving.letters import Inputs, of_late, of_letter
from models.stage import InputRecord


@dataclass(slots=True)
class Plan:
    """The verdicts.

    Attributes:
        candidates: What may be put back, placed; some with a doubt.
        left_out: How many may not, by reason.
        done: How many were put back before.
        found: Letters or events that the filter took.
    """

    candidates: list[Candidate] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    done: int = 0
    found: int = 0

    def chosen(self, *, anyway: bool) -> list[Candidate]:
        """What is sent, in the order of event times, so that none makes another late."""
        sent = [c for c in self.candidates if anyway or not c.doubt]
        return sorted(sent, key=lambda c: (c.event_ms or 0, c.source.topic, c.source.offset))

    @property
    def doubts(self) -> Counter[str]:
        """How many would be of no use, by what they would become."""
        return Counter(c.doubt for c in self.candidates if c.doubt)

    def as_json(self, *, anyway: bool) -> dict[str, Any]:
        """For machines."""
        chosen = self.chosen(anyway=anyway)
        return {
            "sent": 0,
            "found": self.found,
            "toSend": len(chosen),
            "how": Counter(c.how.value for c in chosen),
            "redrivenBefore": self.done,
            "heldBack": Counter() if anyway else self.doubts,
            "leftOut": self.left_out,
        }


class Planner:
    """Takes letters or events, record by record, and makes the plan."""

    def __init__(
        self, inputs: Inputs, choice: Choice, marks: set[str], starts: Mapping[tuple[str, int], int]
    ) -> None:
        """Begin.

        Args:
            inputs: The input topics.
            choice: Which are asked for.
            marks: Sources that were put back before.
            starts: First offset of each input partition that retention left.
        """
        self._inputs = inputs
        self._choice = choice
        self._marks = marks
        self._starts = starts
        self._plan = Plan()
        self._taken: set[Place] = set()
        self._late: dict[Place, tuple[Candidate, set[str], bool]] = {}

    def letters(self, records: Iterable[InputRecord]) -> None:
        """Take dead letters."""
        for record in records:
            if not self._choice.in_time(record):
                continue
            self._letter(of_letter(record, self._inputs))

    def _letter(self, found: Candidate | str) -> None:
        choice = self._choice
        if isinstance(found, str):
            if choice.user is None and choice.code is None:
                self._plan.found += 1
                self._plan.left_out[found] += 1
            return
        if choice.code not in {None, found.why} or choice.user not in {None, found.user}:
            return
        if found.source in self._taken:  # a letter of one place is there once
            return
        self._taken.add(found.source)
        self._add(found)

    def events(self, records: Iterable[InputRecord]) -> None:
        """Take late events; what becomes of them is known when all are there."""
        for record in records:
            if (found := of_late(record, self._inputs)) is None:
                self._plan.left_out["not written by this application"] += 1
                continue
            stage, candidate = found
            choice = self._choice
            wanted = (
                choice.in_time(record)
                and choice.stage in {None, stage}
                and choice.user in {None, candidate.user}
            )
            kept, stages, before = self._late.get(candidate.source, (candidate, set(), False))
            self._late[candidate.source] = (kept, stages | {stage}, before or wanted)

    def plan(self, judge: Judge) -> Plan:
        """The plan, once everything was taken."""
        for candidate, stages, wanted in self._late.values():
            if wanted:
                why = " and ".join(sorted(stages))
                self._add(replace(candidate, why=why), refusal(candidate, stages))
        self._late.clear()
        placed = [judge.placed(candidate) for candidate in self._plan.candidates]
        self._plan.candidates = [c for c in placed if not c.refused]
        self._plan.left_out.update(c.refused for c in placed if c.refused)
        return self._plan

    def _add(self, candidate: Candidate, refused: str = "") -> None:
        self._plan.found += 1
        if str(candidate.source) in self._marks:
            self._plan.done += 1
            return
        there = self._is_there(candidate.source)
        if candidate.how is How.ANEW and not there:
            refused = "cut, and not at its source any more"
        if refused:
            self._plan.left_out[refused] += 1
            return
        if candidate.how is How.REBUILT and there:
            candidate = replace(candidate, held=candidate.source, how=How.ANEW)
        self._plan.candidates.append(candidate)

    def _is_there(self, source: Place) -> bool:
        start = self._starts.get((source.topic, source.partition))
        return start is not None and source.offset >= start


def batches(candidates: Iterable[Candidate], count: int) -> Iterator[list[Candidate]]:
    """Candidates, so many at a time."""
    batch: list[Candidate] = []
    for candidate in candidates:
        batch.append(candidate)
        if len(batch) == count:
            yield batch
            batch = []
    if batch:
        yield batch
