"""The database in which everything is computed again: DuckDB in memory, spilling to a directory."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from app.audit.rules import Choice

#: Memory that DuckDB takes before it writes to its directory.
_MEMORY = "1GB"
#: Rows fetched from it at once.
_FETCHED = 10_000
_SQL = files("app.audit") / "sql"


class Warehouse:
    """Tables, and the SQL files that fill and compare them."""

    def __init__(
        self, directory: Path, constants: Mapping[str, int | str | bool], choice: Choice
    ) -> None:
        """Open an empty database with all tables.

        Args:
            directory: Where it may put what does not fit into memory.
            constants: What SQL calls by name.
            choice: The part of the traffic that is compared.
        """
        import duckdb  # noqa: PLC0415 workers do without it

        self._db = duckdb.connect(
            config={
                "memory_limit": _MEMORY,
                "temp_directory": str(directory),
                "threads": len(os.sched_getaffinity(0)),
            }
        )
        for name, value in constants.items():
            self._db.execute(f"CREATE MACRO {name}() AS {_literal(value)}")
        self._db.execute(_chosen(choice))
        for name in ("inner", "arrived", "schema"):
            self.run(name)

    def run(self, name: str) -> None:
        """Run an SQL file."""
        self._db.execute((_SQL / f"{name}.sql").read_text())

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> None:
        """Run one statement."""
        self._db.execute(sql, list(parameters))

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """What a query gives."""
        return self._db.execute(sql, list(parameters)).fetchall()

    def one(self, sql: str, parameters: Sequence[object] = ()) -> tuple[Any, ...]:
        """The only row of a query."""
        [row] = self.rows(sql, parameters)
        return row

    def stream(self, sql: str) -> Iterator[tuple[Any, ...]]:
        """What a query gives, row by row, while others are made."""
        with self._db.cursor() as cursor:
            cursor.execute(sql)
            while rows := cursor.fetchmany(_FETCHED):
                yield from rows

    def append(self, table: str, rows: Iterable[Sequence[object]]) -> None:
        """Add rows to a table."""
        with self._db.appender(table) as appender:
            appender.append_rows(rows)

    def interrupt(self) -> None:
        """End the query at hand, from another thread."""
        self._db.interrupt()

    def close(self) -> None:
        """Forget everything."""
        self._db.close()


def _literal(value: int | str | bool) -> str:  # noqa: FBT001 a constant may be a truth
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else str(value)


def _chosen(choice: Choice) -> str:
    """The macro that tells whether a user and an event time are to be compared."""
    tests = ["true"]
    if choice.from_ms is not None:
        tests.append(f"event_ms >= {choice.from_ms}")
    if choice.to_ms is not None:
        tests.append(f"event_ms < {choice.to_ms}")
    if choice.users:
        tests.append(f"user_id IN ({', '.join(map(_literal, choice.users))})")
    if choice.share < 1:
        tests.append(f"hash(user_id) % 1000000 < {round(choice.share * 1_000_000)}")
    # A record whose user could not be read is nobody's: it is compared whatever the choice.
    return f"CREATE MACRO chosen(user_id, event_ms) AS coalesce({' AND '.join(tests)}, true)"
