"""Reading what a version has emitted, and up to where that is final.

First what the stages say that they have done, then the outputs: they hold at least that.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from aiokafka import TopicPartition

from app.audit.arrivals import Arrivals, letter_row, value_row
from app.audit.gathering import STAGES
from app.audit.logs import Logs
from app.audit.rules import Rules
from app.audit.states import NEVER_MS, State, state_of
from app.audit.warehouse import Warehouse
from app.inputs.cluster import partition_counts
from app.settings import Settings
from app.topics import INNER, INPUTS, OUTPUTS, changelog_name, topic_name
from app.versions.registry import Version
from app.versions.rules import name_of
from tables.changelog import last_states

#: By short name of the topic: the SQL file that reads it, how its records become rows, and the
#: table that they are read into.
_READERS = {
    "click-counts": ("read_counts", value_row, "count_sent"),
    "conversion-events": ("read_conversions", value_row, "conversion_sent"),
    "unattributed-purchases": ("read_unattributed", value_row, "unattributed_sent"),
    "late-events": ("diff_late", value_row, "late_told"),
    "dead-letters": ("read_dead_letters", letter_row, "dead_letter"),
}
#: Seconds between two looks at stages that are in the middle of a turn.
_TURN_SECONDS = 0.2


@dataclass(slots=True)
class Side:
    """A version that is compared.

    Attributes:
        settings: Its settings.
        begun: As it was begun; None: with the first record of all.
        closed_ms: Windows that start before this are emitted.
        resolved_ms: What became of purchases before this is emitted.
        heard: By stage and input partition (kind, q), records with a stream time below this are
            judged.
        read_to: By input partition, records below this offset are read.
        starts: By input partition, the first offset that it read.
        shortened: Short names of outputs whose first records retention has deleted.
    """

    settings: Settings
    begun: Version | None
    closed_ms: int = NEVER_MS
    resolved_ms: int = NEVER_MS
    heard: dict[tuple[str, str, int], int] = field(default_factory=dict)
    read_to: dict[tuple[str, int], int] = field(default_factory=dict)
    starts: dict[tuple[str, int], int] = field(default_factory=dict)
    shortened: set[str] = field(default_factory=set)

    @property
    def name(self) -> str:
        """The version's name."""
        return name_of(self.settings)


class Gathering:
    """Reads a version into tables whose names begin with a letter of their own."""

    def __init__(
        self, logs: Logs, warehouse: Warehouse, side: Side, doing: Callable[[str], object]
    ) -> None:
        """Prepare to read; what is read next is told."""
        self._logs = logs
        self._warehouse = warehouse
        self._side = side
        self._settings = side.settings
        self._doing = doing
        self._counts: dict[str, int] = {}

    async def gather(self, letter: str) -> None:
        """Read everything.

        Args:
            letter: What the tables' names begin with.

        Raises:
            TopicError: A topic does not exist.
            AuditError: A stage's state can't be read.
        """
        names = {topic_name(self._settings, s): s for s in (*INPUTS, *INNER, *OUTPUTS)}
        found = await partition_counts(self._logs.admin, names)
        self._counts = {short: found[name] for name, short in names.items()}
        self._set_frontier(await self._settled())
        await self._read_intake()
        for short, (sql, row, table) in _READERS.items():
            await self._read(short, Arrivals(self._warehouse, sql, None, row))
            self._keep(table, letter)
        for short, kind in zip(INNER, INPUTS, strict=True):
            await self._read(short, Arrivals(self._warehouse, "diff_inner", kind, value_row))
        self._keep("inner_told", letter)

    def _keep(self, table: str, letter: str) -> None:
        self._warehouse.execute(f"ALTER TABLE {table} RENAME TO {letter}_{table}")
        self._warehouse.execute(f"CREATE TABLE {table} AS FROM {letter}_{table} LIMIT 0")

    def _topic(self, short: str) -> list[TopicPartition]:
        name = topic_name(self._settings, short)
        return [TopicPartition(name, p) for p in range(self._counts[short])]

    async def _read(self, short: str, arrivals: Arrivals) -> None:
        partitions = self._topic(short)
        ends = await self._logs.end_of(partitions)
        starts = await self._logs.start_of(partitions)
        count = sum(ends.values()) - sum(starts.values())
        self._doing(f"{self._side.name}: reading {short}, up to {count:,} records")
        await self._logs.read(starts, ends, arrivals.take)
        arrivals.flush()
        # Retention may have deleted more while this was read.
        if any((await self._logs.start_of(partitions)).values()):
            self._side.shortened.add(short)

    async def _settled(self) -> Mapping[str, Mapping[int, State]]:
        """What the stages say, none of them in the middle of a turn.

        A turn with much to close or resolve is several transactions: stream time is committed with
        the first of them. Whoever has moved on, or stands still, has done all that it says.
        """
        before = await self._states()
        while True:
            await asyncio.sleep(_TURN_SECONDS)
            self._logs.proceed()
            now = await self._states()
            if not any(
                now[stage][p] != state and now[stage][p].positions == state.positions
                for stage, states in before.items()
                for p, state in states.items()
            ):
                return before
            before = now

    async def _states(self) -> dict[str, dict[int, State]]:
        found = {}
        for stage, table in STAGES.items():
            name = changelog_name(self._settings, table)
            at = [TopicPartition(name, p) for p in range(self._settings.partitions)]
            last = await last_states(at, **self._settings.connection)
            found[stage] = {
                tp.partition: state_of(last[tp], f"{stage}-{tp.partition}")
                if tp in last
                else State()
                for tp in at
            }
        return found

    def _set_frontier(self, states: Mapping[str, Mapping[int, State]]) -> None:
        side, settings = self._side, self._settings
        # Behind the horizon no late record can revise what was said.
        closed_ms = min(state.closed[0] for state in states["counting"].values())
        side.closed_ms = closed_ms - settings.revise_ms
        joined_ms = min(state.s_ms for state in states["joining"].values())
        side.resolved_ms = joined_ms - settings.join_grace - settings.revise_ms
        for stage, each in states.items():
            for kind in INPUTS:
                for q in range(self._counts[kind]):
                    named = f"{topic_name(settings, kind)}-{q}"
                    heard = [state.latest.get(named, NEVER_MS) for state in each.values()]
                    side.heard[stage, kind, q] = min(heard)

    async def _read_intake(self) -> None:
        side = self._side
        inputs = {tp: kind for kind in INPUTS for tp in self._topic(kind)}
        group = Rules(self._settings).group
        offsets = await self._logs.group_offsets(group, list(inputs))
        for tp, kind in inputs.items():
            begun = side.begun.starts.get(kind, []) if side.begun else []
            start = begun[tp.partition] if tp.partition < len(begun) else 0
            side.starts[kind, tp.partition] = start
            side.read_to[kind, tp.partition] = offsets[tp].offset if tp in offsets else start
