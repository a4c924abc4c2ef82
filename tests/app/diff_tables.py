"""Two versions' records in memory, as `diff` has them before it compares."""

from itertools import product
from pathlib import Path
from typing import Any

from app.audit.rules import Choice, Rules
from app.audit.warehouse import Warehouse
from app.diffing.comparing import compare, prepare
from app.diffing.gathering import Side
from app.diffing.things import COMMON, COUNTS, Thing
from app.settings import Settings
from app.versions.rules import with_rules
from tests.app.audit_tables import MINUTE, T10_00

M5 = 5 * MINUTE
FOREVER = 1 << 60


class Versions:
    """Two versions that have done everything, in memory."""

    def __init__(self, directory: Path) -> None:
        self.warehouse = Warehouse(directory, Rules(Settings()).constants(), Choice())
        self.warehouse.run("diff_schema")
        for letter, thing in product("ab", (COUNTS, *COMMON)):
            self.warehouse.execute(f"CREATE TABLE {letter}_{thing.table} AS FROM {thing.table}")
        self.sides = (self._side(Settings()), self._side(with_rules(Settings(), "v2", {})))

    @staticmethod
    def _side(settings: Settings) -> Side:
        side = Side(settings, None, FOREVER, FOREVER)
        for kind in ("clicks", "purchases"):
            side.read_to[kind, 0], side.starts[kind, 0] = FOREVER, 0
            for stage in ("counting", "joining"):
                side.heard[stage, kind, 0] = FOREVER
        return side

    def other(self, **rules: str) -> None:
        """Give the second version other rules."""
        self.sides[1].settings = with_rules(Settings(), "v2", rules)

    def count(self, letters: str, clicks: int, user: str = "u", start_ms: int = T10_00) -> None:
        """A window's count, in these versions."""
        self._put(letters, "count_sent", (0, 0, user, start_ms, start_ms + M5, clicks, 0))

    def conversion(self, letters: str, took_ms: int = MINUTE, click_o: int = 1) -> None:
        """A conversion of purchase 2."""
        times = (T10_00 - took_ms, T10_00, took_ms)
        self._put(letters, "conversion_sent", (0, 0, "u", "p", *times, 0, click_o, 0, 2, "{}", 0))

    def late(self, letters: str, stage: str = "count", *, ahead_ms: int = 60 * MINUTE) -> None:
        """Click 1 of 10:00 was late."""
        times = (T10_00, T10_00 + ahead_ms, 1_000, T10_00, T10_00 + M5)
        self._put(letters, "late_told", (stage, "clicks", 0, 1, "u", *times))

    def dead(self, letters: str, o: int = 1) -> None:
        """A click was a dead letter."""
        self._put(letters, "dead_letter", (0, 0, "bad", f"clicks-0-{o}", "clicks", 0, o))

    def inner(self, letters: str, o: int = 1, digest: int = 1, stream_ms: int = T10_00) -> None:
        """A click was enriched."""
        self._put(letters, "inner_told", ("clicks", 0, o, 0, o, stream_ms, digest))

    def one_of_each(self, letters: str) -> None:
        """At 10:00, and at offset 7."""
        self.count(letters, 3)
        self.conversion(letters)
        self.late(letters)
        self.dead(letters, 7)
        self.inner(letters, 7)

    def _put(self, letters: str, table: str, row: tuple[Any, ...]) -> None:
        for letter in letters:
            self.warehouse.append(f"{letter}_{table}", [row])

    def found(self, *things: Thing) -> list[tuple[str, str]]:
        """What differs, and why."""
        prepare(self.warehouse, self.sides)
        found = []
        for thing in things:
            line = compare(self.warehouse, thing, self.sides)
            rows = self.warehouse.rows("SELECT what, why FROM differing ORDER BY ALL")
            assert line.differences == len(rows)
            found += rows
        return found
