"""The order in which everything is computed again and compared."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

from app.audit.changelogs import decode_tables
from app.audit.comparisons import (
    COMPARISONS,
    REVISIONS,
    SENT,
    VIEWS,
    WHOLE,
    Comparison,
    Line,
    compare,
)
from app.audit.gathering import Gathered
from app.audit.judge import judge
from app.audit.ledgers import put_ledgers
from app.audit.notes import notes_of
from app.audit.rules import Rules
from app.audit.times import INNER_OF, Timekeeper, Times
from app.audit.views import Views, ask
from app.audit.warehouse import Warehouse
from app.audit.wired import opener
from app.topics import (
    CLICK_COUNTS,
    CONVERSION_EVENTS,
    INNER,
    INPUTS,
    LATE_EVENTS,
    OUTPUTS,
    UNATTRIBUTED_PURCHASES,
)

#: Kind, partition and offset of an input record.
Place: TypeAlias = tuple[str, int, int]
#: Values of input records, read once more from Kafka.
Values: TypeAlias = Mapping[Place, bytes | None]
Fetch: TypeAlias = Callable[[list[Place]], Awaitable[Values]]

#: Before any event time there is.
_ALWAYS_MS = -(1 << 62)


class Analysis:
    """Computes and compares what has been gathered.

    Attributes:
        times: Stream times, computed again.
        notes: What is to be said beside differences.
        asked: The views have been asked.
    """

    def __init__(self, warehouse: Warehouse, rules: Rules, found: Gathered) -> None:
        """Prepare."""
        self._warehouse = warehouse
        self._rules = rules
        self._found = found
        self._open = opener(rules.settings)
        self.times = Times()
        self.notes: list[str] = []
        self.asked = False

    async def compute(self, fetch: Fetch) -> None:
        """Compute all that is expected.

        Args:
            fetch: Reads values of input records once more.
        """
        self._put_intake()
        self._warehouse.run("suspects")
        await self._judge(fetch)
        self._compute_times()
        self._warehouse.run("inputs")
        decode_tables(self._warehouse)
        self._warehouse.run("left_to_do")
        self._warehouse.run("counting")
        self._warehouse.run("joining")

    async def ask(self, views: Views) -> None:
        """Ask the views, too."""
        await ask(views, self._warehouse, at_rest=self._found.at_rest)
        self.asked = True

    def compare(self, *, everything: bool) -> dict[Comparison, Line]:
        """Compare.

        Args:
            everything: All of the traffic is compared: then stream times and ledgers, too.
        """
        comparisons: tuple[Comparison, ...] = COMPARISONS
        if everything:
            gaps = put_ledgers(self._warehouse, self._found)
            self.notes += gaps
            comparisons += WHOLE
            if self._found.at_rest and not gaps:
                comparisons += (SENT,)
        if self.asked:
            comparisons += (VIEWS,)
        self.notes += notes_of(self._warehouse, self._rules, self._found, self.times)
        lines = {comparison: compare(self._warehouse, comparison) for comparison in comparisons}
        if not (self._rules.settings.revise_ms or lines[REVISIONS].found):
            del lines[REVISIONS]
        return lines

    def _put_intake(self) -> None:
        found = self._found
        rows = []
        for kind in INPUTS:
            for q, start in found.starts[kind].items():
                rows.append((kind, q, found.read_to.get((kind, q), start), start))
        self._warehouse.append("intake", rows)
        whole = not any(found.starts[OUTPUTS[-1]].values())
        self._warehouse.execute(f"CREATE MACRO letters_whole() AS {whole}")

    async def _judge(self, fetch: Fetch) -> None:
        suspects = self._warehouse.rows(
            "SELECT s.kind, s.q, s.o, s.recorded_ms, s.value, i.readable "
            "FROM suspect s JOIN input i USING (kind, q, o)"
        )
        values = await fetch([(kind, q, o) for kind, q, o, _, _, readable in suspects if readable])
        skew_ms = self._rules.settings.future_skew_ms
        received = [values.get(s[:3]) if s[-1] else s[-2] for s in suspects]
        opened = await self._open(received)
        rows = []
        for (kind, q, o, recorded_ms, *_), value in zip(suspects, received, strict=True):
            verdict = judge(kind, opened.get(value, value), recorded_ms, skew_ms)
            meaning = verdict.good, verdict.user_id, verdict.product_id, verdict.event_ms
            rows.append((kind, q, o, *meaning))
        self._warehouse.append("judged", rows)

    def _compute_times(self) -> None:
        topics = {short: self._rules.topic(short) for short in (*INPUTS, *INNER)}
        idle_ms = self._rules.settings.idle_timeout_ms
        self.times = Timekeeper(self._warehouse, self._found, topics, idle_ms).compute()
        rows: list[tuple[Any, ...]] = []
        for (stage, moment, p), s_ms in self.times.s_ms.items():
            state = self._found.states[moment][stage][p]
            to = [state.positions.get(topics[INNER_OF[kind]], 0) for kind in INPUTS]
            rows.append((stage, moment, p, *to, state.s_ms, s_ms, *state.closed))
        self._warehouse.append("stage_state", rows)
        self._put_what_is_complete()

    def _put_what_is_complete(self) -> None:
        partitions = range(self._found.partitions[CLICK_COUNTS])
        self._warehouse.append("complete_from", [self._complete(p) for p in partitions])
        self._warehouse.append("passed_from", self._passed_from())

    def _complete(self, p: int) -> tuple[Any, ...]:
        starts = self._found.starts
        clicks_ms, purchases_ms = (self._whole_from(kind, p) for kind in INPUTS)
        whole = not any(starts[topic][p] for topic in INNER)
        if clicks_ms > _ALWAYS_MS:
            purchases_ms = max(purchases_ms, clicks_ms + self._rules.settings.join_within_ms)
        counts_ms = _ALWAYS_MS
        if starts[CLICK_COUNTS][p]:
            [first] = self._warehouse.one(
                "SELECT min_by(start_ms, o) FROM count_sent WHERE p = ? AND revision = 0", [p]
            )
            counts_ms = -_ALWAYS_MS if first is None else first + 1
        outputs = (LATE_EVENTS, CONVERSION_EVENTS, UNATTRIBUTED_PURCHASES)
        return (
            p, clicks_ms, purchases_ms, counts_ms, whole,
            *(not starts[topic][p] for topic in outputs),
        )  # fmt: skip

    def _whole_from(self, kind: str, p: int) -> int:
        """Event time from which on a shortened inner log has everything.

        What retention deleted of an input partition is not younger than the stream time of the
        first record that it left.
        """
        if not self._found.starts[INNER_OF[kind]][p]:
            return _ALWAYS_MS
        firsts = dict(
            self._warehouse.rows(
                "SELECT q, min_by(stream_ms, o) FROM heard WHERE kind = ? AND p = ? "
                "AND source_kind = kind AND stream_ms IS NOT NULL GROUP BY q",
                [kind, p],
            )
        )
        state = self._found.states[1]["joining"][p]
        for q in range(self._found.partitions[kind]):
            if q not in firsts:
                firsts[q] = state.latest.get(f"{self._rules.topic(kind)}-{q}", _ALWAYS_MS)
        return int(max(firsts.values())) + 1

    def _passed_from(self) -> list[tuple[Any, ...]]:
        """Source offsets from which on all of an input partition is in the inner logs."""
        rows = []
        for kind in INPUTS:
            short = [p for p, start in self._found.starts[INNER_OF[kind]].items() if start]
            for q in range(self._found.partitions[kind]) if short else ():
                firsts = self._warehouse.rows(
                    "SELECT p, min(source_o) FROM passed WHERE kind = ? AND source_kind = kind "
                    "AND q = ? GROUP BY p",
                    [kind, q],
                )
                known = dict(firsts)
                rows.append((kind, q, max(known.get(p, -_ALWAYS_MS) for p in short)))
        return rows
