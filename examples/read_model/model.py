"""The model's file: rows, and in the same transaction the offsets that they came from."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from examples.read_model.errors import ModelError
from examples.read_model.rows import SCHEMA, TABLES, rows_of

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
        end: The position after it: behind ends of transactions, too, which are no records.
        values: What the records say.
    """

    topic: str
    partition: int
    begin: int
    end: int
    values: Sequence[bytes | None]


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

    def begin(self, positions: Mapping[Partition, int]) -> None:
        """Say where partitions begin that are not begun yet.

        Raises:
            ModelError: The file can't be written.
        """
        rows = [[topic, partition, offset] for (topic, partition), offset in positions.items()]
        with self._opened() as database:
            database.executemany("INSERT OR IGNORE INTO positions VALUES (?, ?, ?)", rows)

    def apply(self, batches: Iterable[Batch]) -> list[str]:
        """Write batches and the positions behind them, all or nothing.

        Returns:
            Where records are none of the application's, and how many; they are passed over.

        Raises:
            ModelError: Another process wrote them meanwhile, or the file can't be written; nothing
                was written.
        """
        passed_over = []
        with self._opened() as database:
            database.begin()
            for batch in batches:
                _move(database, batch)
                if others := _insert(database, batch):
                    passed_over.append(f"{batch.topic}-{batch.partition}: {others}")
            database.commit()
        return passed_over

    def settle(self) -> None:
        """See that no other process has the file open, and that all of its log is in it.

        Raises:
            ModelError: It has, or it is no file of DuckDB's.
        """
        if self.path.exists():
            _connect(self.path).close()

    @contextmanager
    def _opened(self) -> Iterator[duckdb.DuckDBPyConnection]:
        database = _connect(self.path)
        try:
            database.execute(SCHEMA)
            yield database
        except duckdb.Error as error:
            said = " ".join(str(error).split())
            raise ModelError(
                f"{self.path} must be a model of this program, on a disk with room; DuckDB says: "
                f"{said}. If another version of the program made it, begin again: --rebuild."
            ) from None
        finally:
            database.close()  # what was not committed is not there


def _move(database: duckdb.DuckDBPyConnection, batch: Batch) -> None:
    """Move a position on, from where it must be: two writers would else write all twice."""
    at = [batch.topic, batch.partition, batch.begin]
    moved = database.execute(
        "UPDATE positions SET next_offset = ? WHERE (topic, partition, next_offset) = (?, ?, ?) "
        "RETURNING true",
        [batch.end, *at],
    ).fetchone()
    if not moved:
        raise ModelError(
            f"One process at a time writes a model; {batch.topic}-{batch.partition} was read to "
            f"{batch.begin} here, and the model says otherwise since. End one of them, and begin "
            "again where the model is."
        )


def _insert(database: duckdb.DuckDBPyConnection, batch: Batch) -> int:
    """Insert rows; how many records are none of the application's."""
    table, kind, replaced = TABLES[batch.topic]
    rows, others = rows_of(kind, batch.values)
    if rows:
        columns = [list(column) for column in zip(*rows, strict=True)]
        marks = ", ".join("unnest(?)" for _ in columns)
        insert = f"INSERT INTO {table} SELECT {marks} ON CONFLICT DO {replaced}"
        [(written,)] = database.execute(insert, columns).fetchall()
        if written < len(rows):
            raise ModelError(
                f"A record comes once; {batch.topic}-{batch.partition} has, from offset "
                f"{batch.begin} on, what has been read already. Was the topic made anew? Begin "
                "again with what is there: --rebuild."
            )
    return others


def _connect(path: Path) -> duckdb.DuckDBPyConnection:
    deadline_s = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            return duckdb.connect(str(path))
        except (duckdb.Error, RuntimeError) as error:  # RuntimeError: of a name that is not UTF-8
            if "lock" not in str(error) or time.monotonic() > deadline_s:
                raise ModelError(f"{path} must be a model that can be opened: {error}") from None
        time.sleep(_RETRY_SECONDS)
