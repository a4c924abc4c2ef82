"""The model's file: rows, and in the same transaction the offsets that they came from."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from examples.read_model.errors import ModelError
from examples.read_model.rows import SCHEMA, TABLES, columns_of

#: Seconds for which a file that another process has open is waited for, and between two tries.
_PATIENCE_SECONDS = 10.0
_RETRY_SECONDS = 0.05

Partition = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Batch:
    """Records of a partition, one after the other.

    Attributes:
        topic: Short name of the topic.
        partition: The partition.
        begin: Where reading began: the position until now.
        end: The next offset.
        values: What the records say.
    """

    topic: str
    partition: int
    begin: int
    end: int
    values: list[bytes]


class Model:
    """A read model in a file, which is held open only while something is done with it.

    DuckDB lets one process in at a time: so others can ask between two batches.
    """

    def __init__(self, path: Path) -> None:
        """Open nothing yet.

        Args:
            path: The file; it is made where there is none.
        """
        self.path = path

    def positions(self) -> dict[Partition, int]:
        """The next offset of each partition that was begun.

        Raises:
            ModelError: The file can't be opened.
        """
        rows = self.rows("SELECT topic, partition, next_offset FROM positions")
        return {(topic, partition): offset for topic, partition, offset in rows}

    def rows(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        """What a query gives.

        Raises:
            ModelError: The file can't be opened.
        """
        with self._opened() as database:
            return database.execute(sql, list(parameters)).fetchall()

    def shown(self, sql: str) -> str:
        """What a query gives, as a table to read.

        Raises:
            ModelError: There is no model, or the file can't be opened.
        """
        if not self.path.exists():
            raise ModelError(f"There must be a model to ask; {self.path} is none. Read first.")
        with self._opened() as database:
            return str(database.sql(sql))

    def apply(self, batches: Iterable[Batch]) -> None:
        """Write batches and the positions behind them, all or nothing.

        Raises:
            ModelError: Another process wrote them meanwhile; nothing was written.
        """
        with self._opened() as database:
            database.begin()
            for batch in batches:
                _move(database, batch)
                _insert(database, batch)
            database.commit()

    @contextmanager
    def _opened(self) -> Iterator[duckdb.DuckDBPyConnection]:
        database = _connect(self.path)
        try:
            database.execute(SCHEMA)
            yield database
        finally:
            database.close()  # what was not committed is not there


def _move(database: duckdb.DuckDBPyConnection, batch: Batch) -> None:
    """Move a position on, from where it must be: two writers would else write all twice."""
    at = [batch.topic, batch.partition]
    kept = database.execute(
        "SELECT next_offset FROM positions WHERE topic = ? AND partition = ?", at
    ).fetchone()
    if kept is not None and kept[0] != batch.begin:
        raise ModelError(
            f"One process at a time writes a model; {batch.topic}-{batch.partition} was read to "
            f"{batch.begin} here, and to {kept[0]} by another. End one of them."
        )
    database.execute("INSERT OR REPLACE INTO positions VALUES (?, ?, ?)", [*at, batch.end])


def _insert(database: duckdb.DuckDBPyConnection, batch: Batch) -> None:
    table, kind = TABLES[batch.topic]
    if batch.values:
        columns = columns_of(kind, batch.values)
        marks = ", ".join("unnest(?)" for _ in columns)
        database.execute(f"INSERT INTO {table} SELECT {marks}", columns)


def _connect(path: Path) -> duckdb.DuckDBPyConnection:
    deadline_s = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            return duckdb.connect(str(path))
        except duckdb.IOException as error:
            if "lock" not in str(error) or time.monotonic() > deadline_s:
                raise ModelError(f"{path} must be a model that can be opened: {error}") from None
        time.sleep(_RETRY_SECONDS)
