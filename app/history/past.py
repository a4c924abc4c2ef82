"""Answers about the past: as of an event time, or as known at a time of the broker's clock.

An answer reaches back to ``since_ms``: None where the logs are whole. Before it, what retention has
deleted may be missing, so that nothing is said of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from app.history.errors import Forgotten, Stranger
from app.history.store import History
from app.topics import (
    CLICK_COUNTS,
    CONVERSION_EVENTS,
    ENRICHED_CLICKS,
    INPUTS,
    UNATTRIBUTED_PURCHASES,
)
from models.partitioning import partition_of
from models.queries import Json
from models.timestamps import iso
from models.windows import WindowRules

CLICKS, PURCHASES = INPUTS
#: A window: its start, its end (epoch ms), its clicks, and whether that is final.
Window: TypeAlias = tuple[int, int, int, bool]


@dataclass(frozen=True, slots=True)
class Moment:
    """A time in the past.

    Attributes:
        at_ms: It, in epoch ms.
        known: It is a time of the broker's clock: what had been published by then. Else it is an
            event time: what had happened by then.
    """

    at_ms: int
    known: bool = False


@dataclass(frozen=True, slots=True)
class Counts:
    """A user's windows in the past, oldest first, and since when there are any (epoch ms)."""

    windows: list[Window]
    since_ms: int | None


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What had come of a user's purchases, as emitted, by the topic it went to.

    Attributes:
        by_topic: JSON by short topic name, by purchase time.
        since_ms: Since when there are any, in epoch ms.
    """

    by_topic: Mapping[str, list[tuple[int, str]]]
    since_ms: int | None


class Past:
    """Answers from a history."""

    def __init__(self, history: History, rules: WindowRules, partitions: int) -> None:
        """Answer from a history that is filled.

        Args:
            history: It.
            rules: The rules of windows.
            partitions: Of the inner topics and outputs.
        """
        self._history = history
        self._rules = rules
        self._partitions = partitions

    def check_known(self, user: bytes) -> None:
        """Check that the logs have anything of a user, of any time.

        Raises:
            Stranger: They have not.
        """
        tables = ("passed", "count_sent", "outcome")
        if not any(
            self._history.rows(
                f"SELECT 1 FROM {table} WHERE p = ? AND user_id = ? LIMIT 1",  # noqa: S608 our names
                [self._partition(user), user.decode()],
            )
            for table in tables
        ):
            raise Stranger(user)

    def counts(self, user: bytes, moment: Moment) -> Counts:
        """A user's windows.

        Raises:
            Forgotten: The logs no longer reach back so far.
        """
        p = self._partition(user)
        since_ms = self._counts_since(p, moment)
        function, arguments = self._windows_of(moment)
        rows = self._history.rows(
            f"SELECT start_ms, end_ms, clicks, final FROM {function} "  # noqa: S608 names of ours
            "WHERE p = ? AND user_id = ? AND start_ms >= ? ORDER BY start_ms",
            [*arguments, p, user.decode(), _begin(since_ms, moment)],
        )
        return Counts(rows, since_ms)

    def outcomes(self, user: bytes, moment: Moment) -> Outcomes:
        """What had come of a user's purchases.

        Raises:
            Forgotten: The logs no longer reach back so far.
        """
        p = self._partition(user)
        topics = (CONVERSION_EVENTS, UNATTRIBUTED_PURCHASES)
        sinces = [self._outcomes_since(topic, p, moment) for topic in topics]
        since_ms = max((ms for ms in sinces if ms is not None), default=None)
        column = "at_ms" if moment.known else "purchase_ms"
        rows = self._history.rows(
            "SELECT topic, purchase_ms, value FROM outcome "  # noqa: S608 names of ours
            f"WHERE p = ? AND user_id = ? AND {column} <= ? AND {column} >= ? "
            "AND purchase_ms IS NOT NULL "
            "ORDER BY purchase_ms, coalesce(value ->> '$.id', value ->> '$.purchase')",
            [p, user.decode(), moment.at_ms, since_ms or 0],
        )
        found = {topic: [(ms, value) for of, ms, value in rows if of == topic] for topic in topics}
        return Outcomes(found, since_ms)

    def export(self, moment: Moment, path: str, form: str) -> int | None:
        """Write all users' windows into a file.

        Args:
            moment: The time.
            path: The file.
            form: ``csv`` or ``json`` (an object a line).

        Returns:
            Since when there are windows (epoch ms); None where the logs are whole.

        Raises:
            Forgotten: The logs no longer reach back so far.
        """
        sinces = [self._counts_since(p, moment) for p in range(self._partitions)]
        since_ms = max((ms for ms in sinces if ms is not None), default=None)
        function, arguments = self._windows_of(moment)
        options = "HEADER" if form == "csv" else "ARRAY false"
        self._history.rows(
            'COPY (SELECT user_id AS "userId", written(start_ms) AS "windowStart", '  # noqa: S608 ours
            'written(end_ms) AS "windowEnd", clicks AS "clickCount", final '
            f"FROM {function} WHERE start_ms >= ? ORDER BY start_ms, user_id) "
            f"TO '{path.replace(chr(39), chr(39) * 2)}' (FORMAT {form}, {options})",
            [*arguments, _begin(since_ms, moment)],
        )
        return since_ms

    def _partition(self, user: bytes) -> int:
        return partition_of(user, self._partitions)

    def _windows_of(self, moment: Moment) -> tuple[str, list[object]]:
        """The table function that gives windows, and its arguments."""
        if moment.known:
            return "counts_known(?)", [moment.at_ms]
        rules = self._rules
        limits = [rules.size_ms, rules.grace_ms + rules.revise_ms, rules.count_bots]
        return "counts_as_of(?, ?, ?, ?)", [moment.at_ms, *limits]

    def _counts_since(self, p: int, moment: Moment) -> int | None:
        topic = CLICK_COUNTS if moment.known else ENRICHED_CLICKS
        if self._whole(topic, p):
            return None
        if moment.known:
            since_ms = self._first_known("count_sent", "true", p)
        else:
            size_ms = self._rules.size_ms
            latest_ms = self._latest_by(CLICKS, p, -1)
            since_ms = None if latest_ms is None else (latest_ms // size_ms + 1) * size_ms
        return _reached(topic, moment, since_ms)

    def _outcomes_since(self, topic: str, p: int, moment: Moment) -> int | None:
        if self._whole(topic, p):
            return None
        known_ms = self._first_known("outcome", f"topic = '{topic}'", p)
        since_ms = known_ms
        if known_ms is not None and not moment.known:
            latest_ms = self._latest_by(PURCHASES, p, known_ms)
            since_ms = None if latest_ms is None else latest_ms + 1
        return _reached(topic, moment, since_ms)

    def _whole(self, topic: str, p: int) -> bool:
        found = self._history.rows("SELECT first_o FROM log WHERE topic = ? AND p = ?", [topic, p])
        return found in ([], [(0,)])

    def _first_known(self, table: str, ours: str, p: int) -> int | None:
        [(at_ms,)] = self._history.rows(
            f"SELECT min(at_ms) FROM {table} WHERE {ours} AND p = ?",  # noqa: S608 names of ours
            [p],
        )
        return None if at_ms is None else int(at_ms)

    def _latest_by(self, kind: str, p: int, by_ms: int) -> int | None:
        [(latest_ms,)] = self._history.rows("SELECT latest_by(?, ?, ?)", [kind, p, by_ms])
        return None if latest_ms is None else int(latest_ms)


def window_json(window: Window) -> Json:
    """A window as the views give it."""
    start_ms, end_ms, clicks, final = window
    return {
        "windowStart": iso(start_ms),
        "windowEnd": iso(end_ms),
        "clickCount": clicks,
        "final": final,
    }


def _begin(since_ms: int | None, moment: Moment) -> int:
    """The first window that an answer has: what was known is not cut by event time."""
    return 0 if since_ms is None or moment.known else since_ms


def _reached(topic: str, moment: Moment, since_ms: int | None) -> int:
    if since_ms is None or moment.at_ms < since_ms:
        raise Forgotten(topic, moment.at_ms, since_ms)
    return since_ms
