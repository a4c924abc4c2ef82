"""Reading everything at one consistent point of a running application.

1. What each stage says it has done (moment 1), and how far the intake has read.
2. The outputs, up to their ends after that: they hold at least what was done at moment 1.
3. The changelogs, up to their ends after that, with what the stages say then (moment 2): the
   outputs hold at most what was done at moment 2.
4. The inner topics, then the inputs, up to their ends after that: they reach beyond all positions.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiokafka import TopicPartition

from app.audit.arrivals import Arrivals, InnerArrivals, input_row, letter_row, value_row
from app.audit.changelogs import Changelog
from app.audit.logs import Logs
from app.audit.rules import Rules
from app.audit.states import STATE_KEY, State, state_of
from app.audit.warehouse import Warehouse
from app.inputs.cluster import partition_counts
from app.topics import INNER, INPUTS, OUTPUTS, TABLES
from app.versions.registry import begun_at

#: Stages with a table, and the table.
STAGES: Mapping[str, str] = dict(zip(("counting", "joining"), TABLES, strict=True))
#: SQL files that read the outputs, in the order of OUTPUTS.
_READERS = (
    ("read_counts", value_row),
    ("read_conversions", value_row),
    ("read_unattributed", value_row),
    ("read_late", value_row),
    ("read_dead_letters", letter_row),
)
#: Records at the end of a changelog that are read at first, to find the last state.
_TAIL = 64


@dataclass(slots=True)
class Gathered:
    """What was read, beside the rows in the warehouse.

    Attributes:
        partitions: Number of partitions by short topic name.
        starts: First offset that retention left, by short topic name and partition.
        counts: Committed records by short topic name.
        states: What the stages with tables say, by moment (1, 2), stage and partition.
        read_to: Next offset of the intake by input topic and partition.
        ledgers: Ledgers of the intake, by input topic and partition.
        waiting: Input records that the intake has not read yet.
        at_rest: Nothing was committed while the logs were read.
    """

    partitions: dict[str, int] = field(default_factory=dict)
    starts: dict[str, dict[int, int]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    states: dict[int, dict[str, dict[int, State]]] = field(default_factory=dict)
    read_to: dict[tuple[str, int], int] = field(default_factory=dict)
    ledgers: dict[tuple[str, int], Any] = field(default_factory=dict)
    waiting: int = 0
    at_rest: bool = False


class Gathering:
    """Reads everything into a warehouse."""

    def __init__(
        self, logs: Logs, rules: Rules, warehouse: Warehouse, doing: Callable[[str], object]
    ) -> None:
        """Prepare to read; what is read next is told."""
        self._logs = logs
        self._rules = rules
        self._warehouse = warehouse
        self._doing = doing
        self._found = Gathered()
        self._begun: Mapping[str, list[int]] = {}

    async def gather(self) -> Gathered:
        """Read everything.

        Raises:
            TopicError: A topic does not exist.
            AuditError: A stage's state can't be read.
        """
        names = {self._rules.topic(short): short for short in (*INPUTS, *INNER, *OUTPUTS)}
        names |= {self._rules.changelog(table): table + "-changelog" for table in TABLES}
        counts = await partition_counts(self._logs.admin, names)
        self._begun = await begun_at(self._rules.settings, self._logs)
        self._found.partitions = {short: counts[name] for name, short in names.items()}
        self._found.states[1] = {stage: await self._last_states(stage) for stage in STAGES}
        await self._read_intake()
        for short, (sql, row) in zip(OUTPUTS, _READERS, strict=True):
            await self._read(short, Arrivals(self._warehouse, sql, None, row))
        self._found.states[2] = {stage: await self._read_changelog(stage) for stage in STAGES}
        for short, kind in zip(INNER, INPUTS, strict=True):
            await self._read(short, InnerArrivals(self._warehouse, kind))
        for short in INPUTS:
            await self._read(short, Arrivals(self._warehouse, "read_input", short, input_row))
        self._found.at_rest = await self._rested()
        return self._found

    def _topic(self, short: str) -> list[TopicPartition]:
        name = self._rules.topic(short)
        return [TopicPartition(name, p) for p in range(self._found.partitions[short])]

    async def _read(self, short: str, arrivals: Arrivals) -> None:
        partitions = self._topic(short)
        ends = await self._logs.end_of(partitions)
        starts = await self._logs.start_of(partitions)
        for tp, begun in zip(partitions, self._begun.get(short, ()), strict=False):
            starts[tp] = max(starts[tp], begun)  # what lies before is not this version's
        self._found.starts[short] = {tp.partition: start for tp, start in starts.items()}
        self._doing(f"reading {short}: up to {sum(ends.values()) - sum(starts.values()):,} records")
        await self._logs.read(starts, ends, arrivals.take)
        arrivals.flush()
        self._found.counts[short] = arrivals.count
        if short in INPUTS:
            read_to = self._found.read_to
            self._found.waiting += sum(
                max(0, end - read_to.get((short, tp.partition), starts[tp]))
                for tp, end in ends.items()
            )

    async def _read_intake(self) -> None:
        partitions = {tp: short for short in INPUTS for tp in self._topic(short)}
        offsets = await self._logs.group_offsets(self._rules.group, list(partitions))
        for tp, at in offsets.items():
            place = partitions[tp], tp.partition
            self._found.read_to[place] = at.offset
            self._found.ledgers[place] = _ledger(at.metadata)

    async def _rested(self) -> bool:
        """Whether the stages and the intake still stand where they stood at moment 1."""
        found = self._found
        for stage in STAGES:
            if await self._last_states(stage) != found.states[1][stage]:
                return False
        partitions = {tp: short for short in INPUTS for tp in self._topic(short)}
        offsets = await self._logs.group_offsets(self._rules.group, list(partitions))
        now = {(partitions[tp], tp.partition): at.offset for tp, at in offsets.items()}
        return now == found.read_to and found.states[1] == found.states[2]

    def _changelog(self, stage: str) -> list[TopicPartition]:
        table = STAGES[stage]
        name = self._rules.changelog(table)
        count = self._found.partitions[table + "-changelog"]
        return [TopicPartition(name, p) for p in range(count)]

    async def _read_changelog(self, stage: str) -> dict[int, State]:
        partitions = self._changelog(stage)
        self._doing(f"reading the table of {stage}")
        changelog = Changelog(self._warehouse, stage)
        ends = await self._logs.end_of(partitions)
        await self._logs.read(await self._logs.start_of(partitions), ends, changelog.take)
        changelog.flush()
        return {tp.partition: changelog.states.get(tp.partition, State()) for tp in partitions}

    async def _last_states(self, stage: str) -> dict[int, State]:
        """The last states, from the changelogs' tails."""
        partitions = self._changelog(stage)
        firsts = await self._logs.start_of(partitions)
        ends = await self._logs.end_of(partitions)
        found: dict[int, State] = {}
        tail = _TAIL

        def take(tp: TopicPartition, records: Any) -> None:
            for record in records:
                if record.key == STATE_KEY:
                    found[tp.partition] = state_of(record.value, f"{stage}-{tp.partition}")

        left = list(partitions)
        while left:
            starts = {tp: max(firsts[tp], ends[tp] - tail) for tp in left}
            await self._logs.read(starts, ends, take)
            left = [tp for tp in left if tp.partition not in found and starts[tp] > firsts[tp]]
            tail *= 16
        return {tp.partition: found.get(tp.partition, State()) for tp in partitions}


def _ledger(metadata: str) -> Any:
    try:
        return json.loads(metadata)["ledger"]
    except (ValueError, KeyError, TypeError):
        return None
