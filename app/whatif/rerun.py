"""The past computed again, from a history: counts and pairs under other rules, in SQL.

A stage's stream time is told by :class:`models.watermark.StreamTime`, as in the stage. It depends
on no grace, window or join, so that it is computed once.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from app.history.store import History
from app.topics import INPUTS
from models.watermark import NEVER_MS, StreamTime

_SQL = files("app.whatif") / "sql"
#: What each stage hears, in which order.
_STAGES: Mapping[str, tuple[tuple[str, ...], str]] = {
    "counting": (INPUTS[:1], "p, o"),
    "joining": (INPUTS, "p, appended_ms, kind, o"),
}
#: Rows written at once.
_ROWS = 50_000


@dataclass(frozen=True, slots=True)
class Windows:
    """What windows of a size and a grace would have done.

    Attributes:
        size_ms: Their length.
        grace_ms: Their grace.
        clicks: Clicks that count or are late.
        late: Clicks that are late.
        delay_ms: From a window's end to its closing, in stream time: median and 99th percentile.
        waited_ms: From the append of the first record behind its end to that which closed it.
        closed: Windows of a partition that closed.
        peak_rows: Users' rows that were open at a time, at most.
    """

    size_ms: int
    grace_ms: int
    clicks: int
    late: int
    delay_ms: tuple[int, int] | None
    waited_ms: tuple[int, int] | None
    closed: int
    peak_rows: int

    @property
    def late_share(self) -> float:
        """Late clicks of all, 0 to 1."""
        return self.late / self.clicks if self.clicks else 0.0


@dataclass(frozen=True, slots=True)
class Joined:
    """What a join would have found.

    Attributes:
        grace_ms: Its grace.
        within_ms: A click matches a purchase less than this later.
        pairs: Clicks and purchases that match.
        converted: Purchases with such a click.
        purchases: Purchases that take part.
    """

    grace_ms: int
    within_ms: int
    pairs: int
    converted: int
    purchases: int


class Rerun:
    """Computes the past again."""

    def __init__(
        self,
        history: History,
        partitions: Mapping[str, int],
        idle_timeout_ms: int,
        *,
        count_bots: bool,
    ) -> None:
        """Prepare.

        Args:
            history: Filled.
            partitions: Of each input topic, by short name.
            idle_timeout_ms: As the stages have it.
            count_bots: Whether clicks of bots are counted.
        """
        self._history = history
        self._partitions = partitions
        self._idle_timeout_ms = idle_timeout_ms
        self._run("times")
        self._name("count_bots", count_bots)

    def tell_time(self, proceed: Callable[[], None]) -> None:
        """Compute the stages' stream times.

        Args:
            proceed: Called now and then; raises to end.
        """
        # The join's time is only needed where it is more than that of the record itself.
        idle = "SELECT DISTINCT p FROM mark WHERE idle_ms IS NOT NULL ORDER BY p"
        for stage, of in (
            ("counting", "SELECT DISTINCT p FROM told ORDER BY p"),
            ("joining", idle),
        ):
            for (p,) in self._history.rows(of):
                self._tell_time_of(stage, p, proceed)

    def windows(self, size_ms: int, graces_ms: Sequence[int]) -> list[Windows]:
        """What windows of a size would have done, with each grace, the shortest first."""
        self._put("grace", graces_ms)
        self._name("size_ms", size_ms)
        cases = " ".join(f"WHEN lacked_ms < {ms} THEN {ms}" for ms in sorted(graces_ms))
        self._name("least_grace", f"CASE {cases} END", "lacked_ms")
        self._run("windows")
        return [
            Windows(
                size_ms, grace, clicks, late, _both(d50, d99), _both(w50, w99), closed or 0, peak
            )
            for grace, clicks, late, d50, d99, w50, w99, closed, peak in self._history.own(
                _text("told_windows")
            )
        ]

    def least_grace(self, late_share: float) -> int:
        """The smallest grace (ms) for windows of the size asked for last.

        Args:
            late_share: Clicks that may be late, 0 to 1.
        """
        [(clicks,)] = self._history.own("SELECT count(*) FROM click")
        found = self._history.own(
            "SELECT lacked_ms FROM click ORDER BY lacked_ms DESC LIMIT 1 OFFSET ?",
            [int(round(clicks * late_share, 6))],  # 0.7 % of 1,000 is 7, not 6.999…
        )
        return max(0, found[0][0] + 1) if found else 0

    def joined(
        self, graces_ms: Sequence[int], withins_ms: Sequence[int], revise_ms: int
    ) -> list[Joined]:
        """What a join would have found, with each grace and each within.

        Args:
            graces_ms: Graces.
            withins_ms: Lengths of the join.
            revise_ms: A record that is late by no more takes part all the same.
        """
        self._put("grace", graces_ms)
        self._put("within", withins_ms)
        self._name("revise_ms", revise_ms)
        self._name("longest_ms", max(withins_ms))
        self._run("pairs")
        return [Joined(*row) for row in self._history.own(_text("told_pairs"))]

    def _tell_time_of(self, stage: str, p: int, proceed: Callable[[], None]) -> None:
        kinds, order = _STAGES[stage]
        time = StreamTime({kind: self._partitions[kind] for kind in kinds}, self._idle_timeout_ms)
        rows = self._history.stream(
            "SELECT kind, o, appended_ms, q, stream_ms, idle_ms, record FROM told "  # noqa: S608 ours
            f"WHERE p = ? AND list_contains(?, kind::VARCHAR) ORDER BY {order}",
            [p, list(kinds)],
        )
        moved, ahead = list[Any](), list[Any]()
        for number, (kind, o, at_ms, q, stream_ms, idle_ms, is_record) in enumerate(rows):
            if number % _ROWS == 0:
                proceed()
            before_ms = time.value
            place = f"{kind}-{q}"
            if idle_ms is None:
                s_ms = time.hear(place, stream_ms, at_ms)
            else:
                s_ms = time.hear_idle(place, _or_never(stream_ms), idle_ms, at_ms)
            if s_ms > before_ms:
                moved.append((p, o, at_ms, s_ms))
            if is_record and s_ms > stream_ms:
                ahead.append((stage, kind, p, o, s_ms))
            if len(moved) + len(ahead) >= _ROWS:
                self._keep(stage, moved, ahead)
                moved, ahead = [], []
        self._keep(stage, moved, ahead)

    def _keep(self, stage: str, moved: list[Any], ahead: list[Any]) -> None:
        if stage == "counting":
            self._history.append("stage_time", moved)
        self._history.append("pushed", ahead)

    def _put(self, name: str, values_ms: Sequence[int]) -> None:
        self._history.execute(f"CREATE OR REPLACE TEMP TABLE {name} ({name}_ms BIGINT)")
        self._history.append(name, [(value_ms,) for value_ms in sorted(set(values_ms))])

    def _name(self, name: str, value: object, of: str = "") -> None:
        """Let SQL call a value, or what follows from another, by name."""
        self._history.execute(f"CREATE OR REPLACE TEMP MACRO {name}({of}) AS {value}")

    def _run(self, name: str) -> None:
        self._history.execute(_text(name))


def _text(name: str) -> str:
    return (_SQL / f"{name}.sql").read_text()


def _or_never(stream_ms: int | None) -> int:
    return NEVER_MS if stream_ms is None else stream_ms


def _both(median_ms: int | None, most_ms: int | None) -> tuple[int, int] | None:
    return None if median_ms is None or most_ms is None else (median_ms, most_ms)
