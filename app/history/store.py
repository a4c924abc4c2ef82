"""The history's file: a DuckDB database that holds columns of the logs, and how far it has them.

It is a copy: what can't be read, or was made by another version, is made anew from the logs.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib.resources import files
from pathlib import Path
from typing import Any, Self

from app.history.errors import HistoryError

_OURS = files("app.history") / "sql"
_SHARED = files("app.audit") / "sql"
#: What makes an empty database.
_SCHEMA = ("inner", "schema")
#: Rows fetched from it at once.
_FETCHED = 50_000
#: What DuckDB says of a file that another process has open.
_LOCKED = "lock on file"
_WAIT = (
    "One process at a time uses it. Let the other one end, or set CLICKSTREAM_DATA_DIR to another "
    "directory."
)
_MEND = (
    "Mend that, or set CLICKSTREAM_DATA_DIR to another directory; a damaged file may be deleted: "
    "it is made again."
)


class History:
    """Tables of the logs, in one file.

    Questions may be asked from several threads while one fills it: they see what was committed.
    """

    def __init__(
        self,
        path: Path,
        constants: Mapping[str, str | bool],
        config: Mapping[str, str | int],
    ) -> None:
        """Open the file, or make it.

        Args:
            path: The file; its directory is made where it is missing.
            constants: What SQL calls by name when it reads records.
            config: DuckDB's: ``memory_limit`` and ``threads``.

        Raises:
            HistoryError: Another process has it open, or it can't be written.
        """
        self._path = path
        self._config: dict[str, str | bool | int | float | list[str]] = {
            **config,
            "temp_directory": f"{path}.tmp",
        }
        self._constants = dict(constants)
        self._db = self._open()
        self.run("arrived")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def run(self, name: str) -> None:
        """Run an SQL file: one of ours, or one that the audit reads logs with."""
        path = _OURS / f"{name}.sql"
        self.execute((path if path.is_file() else _SHARED / f"{name}.sql").read_text())

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> None:
        """Run one statement."""
        self.own(sql, parameters)

    def append(self, table: str, rows: Iterable[Sequence[object]]) -> None:
        """Add rows to a table."""
        with self._using(), self._db.appender(table) as appender:
            appender.append_rows(rows)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing of what is executed within."""
        with self._using():
            self._db.begin()
            try:
                yield
            except BaseException:
                self._roll_back()
                raise
            self._db.commit()

    def commit(self) -> None:
        """Keep what the transaction at hand has done so far, and go on in a new one."""
        with self._using():
            self._db.commit()
            self._db.begin()

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """What a query gives of what was committed."""
        return list(self.stream(sql, parameters))

    def own(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """What a query gives where temporary tables are made: for one thread only."""
        with self._using():
            found: list[tuple[Any, ...]] = self._db.execute(sql, list(parameters)).fetchall()
            return found

    def stream(self, sql: str, parameters: Sequence[object] = ()) -> Iterator[tuple[Any, ...]]:
        """What a query gives of what was committed, row by row."""
        with self._using(), self._db.cursor() as cursor:
            cursor.execute(sql, list(parameters))
            while rows := cursor.fetchmany(_FETCHED):
                yield from rows

    def interrupt(self) -> None:
        """End the statement at hand, from another thread."""
        self._db.interrupt()

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextmanager
    def _using(self) -> Iterator[None]:
        """Tell in a sentence what keeps DuckDB from reading or writing."""
        import duckdb  # noqa: PLC0415 as in _open

        try:
            yield
        except duckdb.ProgrammingError:
            raise  # a fault of ours
        except duckdb.Error as error:
            raise self._fault("used", error, _MEND) from error

    def _roll_back(self) -> None:
        import duckdb  # noqa: PLC0415 as in _open

        with suppress(duckdb.Error):  # a commit that failed has done so
            self._db.rollback()

    def _fault(self, how: str, error: Exception, remedy: str) -> HistoryError:
        what = str(error).splitlines()[0]
        return HistoryError(
            f"The history is a copy of the logs, in a file; {self._path} can't be {how}: {what}. "
            f"{remedy}"
        )

    def _open(self) -> Any:
        import duckdb  # noqa: PLC0415 what asks nothing about the past does without it

        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            if (db := self._found()) is not None:
                return db
            self._forget()
            return self._made(duckdb.connect(str(self._path), config=self._config))
        except (duckdb.Error, OSError) as error:
            locked = _LOCKED in str(error)
            raise self._fault("opened", error, _WAIT if locked else _MEND) from None

    def _found(self) -> Any | None:
        """The database that is there; None where it is damaged, or not ours."""
        import duckdb  # noqa: PLC0415 as in _open

        try:
            db = duckdb.connect(str(self._path), config=self._config)
        except duckdb.Error as error:
            if _LOCKED in str(error):
                raise
            return None
        with suppress(duckdb.Error):
            if self._ours(db):
                return db
        db.close()
        return None

    def _ours(self, db: Any) -> bool:
        """Whether it was made by this version, for these topics."""
        found = db.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'made_by'")
        if not found.fetchone()[0]:
            return False
        return bool(db.execute("FROM made_by").fetchall() == [(self._fingerprint,)])

    def _made(self, db: Any) -> Any:
        db.begin()
        for name, value in self._constants.items():
            db.execute(f"CREATE MACRO {name}() AS {_literal(value)}")
        for text in _texts():
            db.execute(text)
        db.execute("INSERT INTO made_by VALUES (?)", [self._fingerprint])
        db.commit()
        return db

    @property
    def _fingerprint(self) -> str:
        made = "\0".join([*_texts(), json.dumps(self._constants, sort_keys=True)])
        return hashlib.sha256(made.encode()).hexdigest()

    def _forget(self) -> None:
        for path in (self._path, self._path.with_name(self._path.name + ".wal")):
            path.unlink(missing_ok=True)


def _texts() -> list[str]:
    paths = [(_OURS if name == "schema" else _SHARED) / f"{name}.sql" for name in _SCHEMA]
    return [path.read_text() for path in paths]


def _literal(value: str | bool) -> str:  # noqa: FBT001 a constant may be a truth
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else str(value)
