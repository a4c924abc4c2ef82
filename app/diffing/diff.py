"""One comparison of two versions: read both, compare, explain."""

import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from app.audit.logs import Logs
from app.audit.rules import Choice, Rules
from app.audit.states import NEVER_MS
from app.audit.warehouse import Warehouse
from app.beside import beside
from app.diffing.comparing import LETTERS, compare, examples, prepare, stretch_ms
from app.diffing.gathering import Gathering, Side
from app.diffing.result import Kind, Result
from app.diffing.telling import example, explained, fields_of, what_of
from app.diffing.things import COMMON, COUNTS, TOTALS, Thing
from app.fields import duration
from app.versions.rules import differing, rules_of
from models.timestamps import iso

Sides = tuple[Side, Side]


class Diff:
    """A comparison."""

    def __init__(
        self, logs: Logs, sides: Sides, limit: int, doing: Callable[[str], object]
    ) -> None:
        """Prepare to compare.

        Args:
            logs: The cluster's.
            sides: The versions.
            limit: Examples of each kind, at most.
            doing: Told what is done next.
        """
        self._logs = logs
        self._sides = sides
        self._limit = limit
        self._doing = doing
        self._result = Result(
            (sides[0].name, sides[1].name),
            differing(*(rules_of(side.settings) for side in sides)),
        )

    async def run(self) -> Result:
        """Read, compare, explain."""
        began_s = time.monotonic()
        rules = Rules(self._sides[0].settings)
        with TemporaryDirectory(prefix="clickstream-diff-") as directory:
            warehouse = Warehouse(Path(directory), rules.constants(), Choice())
            try:
                await self._run(warehouse)
            finally:
                warehouse.close()
        self._result.seconds = time.monotonic() - began_s
        return self._result

    async def _run(self, warehouse: Warehouse) -> None:
        warehouse.run("diff_schema")
        for letter, side in zip(LETTERS, self._sides, strict=True):
            await Gathering(self._logs, warehouse, side, self._doing).gather(letter)
        self._doing("comparing")
        await beside(warehouse, self._logs.proceed, prepare, warehouse, self._sides)
        [whole_ms] = warehouse.one("SELECT whole_ms()")
        self._note(whole_ms)
        same_size = "WINDOW_SIZE" not in self._result.rules
        if not same_size:
            self._tell_sizes(warehouse)
        for thing in (COUNTS if same_size else TOTALS, *COMMON):
            await self._compare(warehouse, thing)

    async def _compare(self, warehouse: Warehouse, thing: Thing) -> None:
        line = await beside(warehouse, self._logs.proceed, compare, warehouse, thing, self._sides)
        self._result.lines.append(line)
        names = self._result.names
        for what, why, count in warehouse.rows(
            "SELECT what, why, count(*) AS n FROM differing GROUP BY ALL ORDER BY n DESC, what, why"
        ):
            some = examples(warehouse, thing, what, why, self._limit)
            inner = thing.table == "inner_told" and what == "other"
            told = [
                await fields_of(self._logs, self._sides, keys, said)
                if inner
                else example(keys, said, names)
                for keys, said in some
            ]
            sentence = explained(why, self._sides)
            kind = Kind(thing.name, what_of(what, names), why, count, sentence, told)
            self._result.kinds.append(kind)

    def _tell_sizes(self, warehouse: Warehouse) -> None:
        """Windows of two sizes are not the same windows: what can be compared are sums."""
        counts = [
            warehouse.one(f"SELECT count(*) FROM {x}_count_sent WHERE start_ms < closed_ms()")[0]  # noqa: S608 a or b
            for x in LETTERS
        ]
        sentence = explained("size", self._sides)
        kind = Kind("click-counts", "other windows", "size", max(counts), sentence)
        self._result.kinds.append(kind)
        stretch = duration(stretch_ms(self._sides))
        self._result.notes.append(
            f"Windows of two sizes are compared by their sums over {stretch}, which is whole "
            "windows of both."
        )

    def _note(self, whole_ms: int) -> None:
        notes = self._result.notes
        closed_ms = min(side.closed_ms for side in self._sides)
        resolved_ms = min(side.resolved_ms for side in self._sides)
        if closed_ms <= 0 or resolved_ms <= 0:
            notes.append("One of them has not closed any window yet: run this again later.")
        else:
            notes.append(
                f"Compared is what is final in both: windows that begin before {iso(closed_ms)}, "
                f"purchases before {iso(resolved_ms)}, and input records that both have read."
            )
        if whole_ms > NEVER_MS:
            notes.append(
                f"One of them began later in the inputs: left out is what lies before "
                f"{iso(whole_ms)}, and purchases whose clicks may."
            )
        for side in self._sides:
            for short in sorted(side.shortened):
                notes.append(
                    f"Retention has deleted records of {short} in {side.name}: what only the other "
                    "has is not told, nor in which sums they differ."
                )
