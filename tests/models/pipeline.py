"""The whole flow in memory: inputs, inner logs and outputs, stepped as a test says.

Every stage runs in a task of its own, over logs of its own partition, exactly as far as it is told
to; a task may crash at any commit, or go back to an earlier one and read on from there.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from models.counting import Counting
from models.intake import CLICKS, PURCHASES, Intake, IntakeRules
from models.join import JoinRules
from models.joining import Joining
from models.partitioning import partition_of
from models.stage import Output, Rows, Stage
from models.watermark import StreamTime
from models.windows import WindowRules
from tests.models.fakes import BY_USER, DAY, ENRICHED, HOUR, Committed, Record, Task
from tests.models.reference import Rules, Values, Window, canonical
from tests.models.told import outcomes_told, windows_told

#: Of the intake, in ms of the monotonic clock.
INTERVAL, TIMEOUT = 5, 1_000

Place: TypeAlias = tuple[str, int]
Logs: TypeAlias = dict[Place, list[Record]]

_KINDS: dict[str, Any] = {"clicks": CLICKS, "purchases": PURCHASES}
_INNER = {"clicks": ENRICHED, "purchases": BY_USER}


@dataclass(frozen=True, slots=True)
class Turn:
    """What one task is to do next.

    Attributes:
        actor: Its number, modulo the number of tasks.
        counts: Records to take at most, of each of its inputs.
        crash: ``before`` or ``after`` its commits, or ``rewind`` to an earlier commit first.
        wait_ms: For how long the clock goes on before.
        swap: Take the records of its second input first.
        idle_ms: If it reads an input: it then finds nothing for so long.
    """

    actor: int
    counts: tuple[int, int]
    crash: str = ""
    wait_ms: int = 0
    swap: bool = False
    idle_ms: int = 0


class Actor:
    """A task with its place in each of its inputs."""

    def __init__(self, inputs: Sequence[Place], create: Callable[[Rows], Stage]) -> None:
        self.inputs = inputs
        self.task = Task(create)
        self.at = dict.fromkeys(inputs, 0)
        self.commits: list[tuple[dict[Place, int], Committed]] = []

    def take(self, logs: Logs, turn: Turn) -> list[Record]:
        """The next records, and note that they were taken."""
        self.commits.append((dict(self.at), self.task.committed()))
        records: list[Record] = []
        wanted = list(zip(self.inputs, turn.counts, strict=False))
        for place, count in reversed(wanted) if turn.swap else wanted:
            new = logs[place][self.at[place] : self.at[place] + count]
            self.at[place] += len(new)
            records += new
        return records

    def rewind(self, back: int) -> None:
        """Go back so many commits at most."""
        if self.commits:
            del self.commits[max(1, len(self.commits) - back) :]
            at, committed = self.commits.pop()
            self.at = dict(at)
            self.task.rewind(committed)


class Pipeline:
    """All stages over the inputs.

    Attributes:
        intakes: Enrichment and admission, by input partition.
        behind: Counting and joining of each inner partition.
        logs: Inputs and inner topics, by topic and partition.
        now_ms: The clock: the intake's monotonic one, and the broker's that stamps inner logs.
    """

    def __init__(
        self, rules: Rules, inputs: Mapping[str, Sequence[Sequence[Record]]], partitions: int
    ) -> None:
        self.now_ms = 0
        self.partitions = partitions
        self.logs: Logs = {(t, i): list(log) for t in inputs for i, log in enumerate(inputs[t])}
        self.intakes = {
            f"{t}-{i}": Actor([(t, i)], _intake(t, i, partitions)) for t, i in self.logs
        }
        inner = range(partitions)
        self.logs |= {(topic, i): [] for topic in _INNER.values() for i in inner}
        sizes = {topic: len(logs) for topic, logs in inputs.items()}
        self.behind = [Actor([(ENRICHED, i)], _counting(rules, sizes)) for i in inner]
        self.behind += [Actor([(ENRICHED, i), (BY_USER, i)], _joining(rules, sizes)) for i in inner]

    def turn(self, turn: Turn) -> None:
        """Let one task do its turn."""
        self.now_ms += turn.wait_ms
        actors = [*self.intakes.values(), *self.behind]
        actor = actors[turn.actor % len(actors)]
        if actor in self.behind:
            self._behind(actor, turn)
        else:
            self._intake(actor, turn)

    def _behind(self, actor: Actor, turn: Turn) -> None:
        if turn.crash == "rewind":
            actor.rewind(turn.counts[0])
        actor.task.run(actor.take(self.logs, turn), crash=turn.crash)

    def _intake(self, actor: Actor, turn: Turn) -> None:
        records = actor.take(self.logs, turn)
        (place,) = actor.inputs
        at_end = actor.at[place] == len(self.logs[place])
        sent = actor.task.run(records, self.now_ms, at_end=at_end, crash=turn.crash)
        self._append(_INNER[place[0]], sent)
        if turn.idle_ms:
            self._tell_idle(actor, turn.idle_ms)
            self.now_ms += turn.idle_ms

    def _append(self, topic: str, sent: Mapping[str, Sequence[Output]]) -> None:
        for key, value, told, headers in sent.get(topic, ()):
            partition = partition_of(key or b"", self.partitions) if told is None else told
            log = self.logs[topic, partition]
            appended_ms = DAY + self.now_ms
            log.append(Record(topic, partition, len(log), appended_ms, key, value, headers))

    def drain(self) -> None:
        """Read all that is left, and tell how far every input partition has come."""
        everything = Turn(0, (1 << 30, 1 << 30), wait_ms=INTERVAL)
        for number in range(len(self.intakes)):
            self.turn(replace(everything, actor=number))
        for actor in self.behind:
            self._behind(actor, everything)

    def rest(self, idle: Mapping[str, int]) -> None:
        """Let these input partitions be idle for so long: TIMEOUT or more."""
        for q, idle_ms in idle.items():
            self._tell_idle(self.intakes[q], idle_ms)
        for actor in self.behind:
            self._behind(actor, Turn(0, (1 << 30, 1 << 30)))

    def _tell_idle(self, actor: Actor, idle_ms: int) -> None:
        ((topic, _),) = actor.inputs
        actor.task.run(now_ms=self.now_ms, at_end=False)
        sent = actor.task.run(now_ms=self.now_ms + idle_ms, at_end=True)
        self._append(_INNER[topic], sent)

    def came_out(self) -> Values:
        """All values sent, by output topic, as text."""
        found: Values = {}
        for actor in self.behind:
            for topic, outputs in actor.task.sent.items():
                texts = (canonical(json.loads(output.value or b"{}")) for output in outputs)
                found.setdefault(topic, Counter()).update(texts)
        return found

    def rows(self) -> list[dict[bytes, bytes]]:
        """The rows of every task behind the inner topics."""
        return [dict(actor.task.rows.rows) for actor in self.behind]

    def windows(self) -> dict[int, Window]:
        """What the tables tell of windows, over all inner partitions."""
        return windows_told(actor.task.rows for actor in self.behind[: self.partitions])

    def outcomes(self, users: Iterable[str]) -> Values:
        """What the tables tell of users' purchases, over all inner partitions."""
        tables = [actor.task.rows for actor in self.behind[self.partitions :]]
        return outcomes_told(tables, users)


def _intake(topic: str, partition: int, partitions: int) -> Callable[[Rows], Stage]:
    rules = IntakeRules(_INNER[topic], partitions, HOUR, INTERVAL, TIMEOUT)
    return lambda _: Intake(_KINDS[topic], rules, f"{topic}-{partition}")


def _counting(rules: Rules, sizes: Mapping[str, int]) -> Callable[[Rows], Stage]:
    windows = WindowRules(
        rules.size,
        rules.grace,
        rules.retention,
        rules.emit_late,
        rules.count_bots,
        rules.rankings,
        rules.revise,
    )
    clicks = {"clicks": sizes["clicks"]}
    return lambda rows: Counting(windows, StreamTime(clicks, TIMEOUT), rows)


def _joining(rules: Rules, sizes: Mapping[str, int]) -> Callable[[Rows], Stage]:
    join = JoinRules(
        rules.within,
        rules.join_grace,
        rules.retention,
        rules.attribution,
        rules.emit_late,
        rules.revise,
    )
    return lambda rows: Joining(join, StreamTime(sizes, TIMEOUT), rows, BY_USER)
