"""Stream time of the stages, computed again from the inner topics."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from app.audit.clock import Clock, Returns
from app.audit.gathering import Gathered
from app.audit.states import NEVER_MS, State
from app.audit.warehouse import Warehouse
from app.topics import INNER, INPUTS

#: What each stage reads.
KINDS: Mapping[str, tuple[str, ...]] = {"counting": INPUTS[:1], "joining": INPUTS}
#: The inner topic of each kind.
INNER_OF = dict(zip(INPUTS, INNER, strict=True))

#: Stage, moment and partition.
At: TypeAlias = tuple[str, int, int]


@dataclass(slots=True)
class Times:
    """What was computed.

    Attributes:
        s_ms: Stream time of each stage at each moment in each partition.
        believed: Partitions of the join whose stream time depends on how its inputs interleaved,
            so that the stage is believed.
    """

    s_ms: dict[At, int] = field(default_factory=dict)
    believed: int = 0


class Timekeeper:
    """Computes stream times; where that is more than a minimum, record by record."""

    def __init__(
        self, warehouse: Warehouse, found: Gathered, topics: Mapping[str, str], idle_timeout_ms: int
    ) -> None:
        """Prepare.

        Args:
            warehouse: Holds what was read.
            found: Where the stages stood.
            topics: Full name of each input topic.
            idle_timeout_ms: Idle records hold for twice as long.
        """
        self._warehouse = warehouse
        self._found = found
        self._topics = topics
        self._valid_ms = 2 * idle_timeout_ms
        self.times = Times()

    def compute(self) -> Times:
        """Compute; records behind a stage's stream time go into the table ``pushed``."""
        self._warehouse.run("clock")
        positions = self._positions()
        self._warehouse.append("position", positions)
        heard = self._heard()
        for stage, kinds in KINDS.items():
            for p, state in self._found.states[2][stage].items():
                begin_ms = self._begin_of_unusual(stage, p)
                for moment in (1, 2):
                    self.times.s_ms[stage, moment, p] = self._simple(
                        heard.get((stage, moment, p), {}), kinds
                    )
                if begin_ms is not None:
                    self._follow(stage, p, begin_ms)
                self._trust_what_is_gone(stage, p, state)
        return self.times

    def _positions(self) -> list[tuple[Any, ...]]:
        return [
            (stage, moment, p, kind, state.positions.get(self._inner(kind), 0))
            for moment, stages in self._found.states.items()
            for stage, states in stages.items()
            for p, state in states.items()
            for kind in KINDS[stage]
        ]

    def _inner(self, kind: str) -> str:
        return self._topics[INNER_OF[kind]]

    def _heard(self) -> dict[At, dict[str, int]]:
        heard: dict[At, dict[str, int]] = {}
        for stage, moment, p, kind, q, stream_ms in self._warehouse.rows("FROM heard_until"):
            heard.setdefault((stage, moment, p), {})[self._q(kind, q)] = stream_ms
        return heard

    def _q(self, kind: str, q: int) -> str:
        return f"{self._topics[kind]}-{q}"

    def _inputs(self, kinds: Iterable[str]) -> list[list[str]]:
        counts = self._found.partitions
        return [[self._q(kind, q) for q in range(counts[kind])] for kind in kinds]

    def _simple(self, heard: Mapping[str, int], kinds: Iterable[str]) -> int:
        """The minimum over all input partitions of what was heard of each."""
        return min(heard.get(q, NEVER_MS) for topic in self._inputs(kinds) for q in topic)

    def _begin_of_unusual(self, stage: str, p: int) -> int | None:
        """When the first record was appended that does more than advance; None without any."""
        [begin_ms] = self._warehouse.one(
            """SELECT min(h.appended_ms) FROM unusual u
            JOIN position s ON s.stage = ? AND s.moment = 2 AND s.p = u.p AND s.kind = u.kind
                AND u.o < s.upto
            JOIN heard h ON h.kind = u.kind AND h.p = u.p AND h.o = u.o
            WHERE u.p = ?""",
            [stage, p],
        )
        return None if begin_ms is None else int(begin_ms)

    def _follow(self, stage: str, p: int, begin_ms: int) -> None:
        """Hear record after record from the first unusual one on."""
        heard = self._heard_before(stage, p, begin_ms)
        rows = self._rows(stage, p, begin_ms)
        clock = Clock(self._inputs(KINDS[stage]), self._valid_ms, heard)
        returns = Returns(_told(heard, rows, begin_ms), self._valid_ms)
        pushed: list[tuple[Any, ...]] = []
        returned: list[tuple[Any, ...]] = []
        times = self.times.s_ms
        times[stage, 1, p] = clock.s_ms
        for early, at_ms, kind, o, source_kind, q, stream_ms, idle_ms, is_record in rows:
            place = self._q(source_kind, q)
            if idle_ms is not None:
                clock.idle(place, NEVER_MS if stream_ms is None else stream_ms, idle_ms, at_ms)
                returns.idle(place, at_ms)
            elif clock.record(place, stream_ms, at_ms) > stream_ms and is_record:
                pushed.append((stage, kind, p, o, clock.s_ms))
            if is_record and returns.returned(place, stream_ms):
                returned.append((stage, kind, p, o))
            if early:
                times[stage, 1, p] = clock.s_ms
        times[stage, 2, p] = clock.s_ms
        self._warehouse.append("pushed", pushed)
        self._warehouse.append("returned", returned)
        if stage == "joining":
            self._believe(p, returns.most_ms)

    def _believe(self, p: int, most_ms: int) -> None:
        """Take the join's word for its stream time, where it can be true."""
        for moment in (1, 2):
            at = "joining", moment, p
            said_ms = self._found.states[moment]["joining"][p].s_ms
            if self.times.s_ms[at] != said_ms and said_ms <= most_ms:
                self.times.s_ms[at] = said_ms
                self.times.believed += moment == 2  # noqa: PLR2004 the last one counts

    def _heard_before(self, stage: str, p: int, begin_ms: int) -> dict[str, int]:
        rows = self._warehouse.rows(
            """SELECT h.source_kind, h.q, max(h.stream_ms) FROM heard h
            JOIN position s ON s.stage = ? AND s.moment = 1 AND s.p = h.p AND s.kind = h.kind
                AND h.o < s.upto
            WHERE h.p = ? AND h.appended_ms < ? AND h.source_kind IS NOT NULL
                AND h.stream_ms IS NOT NULL
            GROUP BY ALL""",
            [stage, p, begin_ms],
        )
        return {self._q(kind, q): stream_ms for kind, q, stream_ms in rows}

    def _rows(self, stage: str, p: int, begin_ms: int) -> list[tuple[Any, ...]]:
        """What was heard from then on: first all that was read at moment 1, by append time."""
        return self._warehouse.rows(
            """SELECT h.o < s1.upto AS early, h.appended_ms, h.kind, h.o, h.source_kind, h.q,
                    h.stream_ms, h.idle_ms, h.record
                FROM heard h
                JOIN position s1 ON s1.stage = ? AND s1.moment = 1 AND s1.p = h.p
                    AND s1.kind = h.kind
                JOIN position s2 ON s2.stage = s1.stage AND s2.moment = 2 AND s2.p = h.p
                    AND s2.kind = h.kind AND h.o < s2.upto
                WHERE h.p = ? AND h.source_kind IS NOT NULL
                    AND (h.appended_ms >= ? OR NOT early)
                    AND (h.stream_ms IS NOT NULL OR h.idle_ms IS NOT NULL)
                ORDER BY early DESC, h.appended_ms, h.kind, h.o""",
            [stage, p, begin_ms],
        )

    def _trust_what_is_gone(self, stage: str, p: int, state: State) -> None:
        """Where retention has deleted records, the stage has heard what nobody can any more."""
        starts = self._found.starts
        if not any(starts[INNER_OF[kind]].get(p) for kind in KINDS[stage]):
            return
        for moment in (1, 2):
            said_ms = self._found.states[moment][stage].get(p, state).s_ms
            at = stage, moment, p
            self.times.s_ms[at] = max(self.times.s_ms[at], said_ms)


def _told(
    heard: Mapping[str, int], rows: Iterable[tuple[Any, ...]], begin_ms: int
) -> Iterable[tuple[int, int, int]]:
    """When stream times were told, and idle times."""
    for stream_ms in heard.values():
        yield begin_ms, stream_ms, 0
    for _, at_ms, _, _, _, _, stream_ms, idle_ms, _ in rows:
        yield at_ms, NEVER_MS if stream_ms is None else stream_ms, idle_ms or 0
