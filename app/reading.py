"""One partition's rows, as the web views read them beside the stage that writes them."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterable
from functools import partial
from typing import TypeVar

import msgspec

from agents.engine import Engine
from agents.spec import Envelope
from agents.stage import StageTask
from app.answers import Unavailable
from models.errors import StoreError
from models.queries import Json
from models.rankings import window_key
from models.stage import Rows
from models.timestamps import iso
from models.watermark import NEVER_MS
from models.windows import CountingState
from tables.store import STATE_KEY, PartitionStore

#: Rows read at a time: about a millisecond, after which the stages have their turn.
SLICE_ROWS = 1_000

Found = TypeVar("Found")
Row = tuple[bytes, bytes]


class Progress(msgspec.Struct, frozen=True, rename="camel"):
    """How far a partition has come.

    Attributes:
        stream_time_ms: Its stream time (epoch ms); None before anything was heard of.
        lag: Records that wait to be read; None while that is not known.
    """

    stream_time_ms: int | None
    lag: int | None


class Reading:
    """The rows of one partition of a table, while its task is at work here.

    No handle of the store is held between two calls: a rebalance may have closed it.

    Attributes:
        partition: The partition.
    """

    def __init__(self, engine: Engine, task: StageTask) -> None:
        """Read what a task has committed."""
        self.partition = task.partition
        self._engine = engine
        self._task = task

    def read(self, look: Callable[[PartitionStore], Found]) -> Found:
        """Look at the rows, for less than a few milliseconds.

        Raises:
            Unavailable: The partition has moved, or its disk fails.
        """
        task = self._task
        mine = self._engine.delivery.tasks.get((task.spec.name, task.partition)) is task
        if not mine or task.failed or task.store is None:
            raise moving([self.partition])
        try:
            return look(task.store)
        except StoreError as error:
            raise Unavailable(str(error)) from None

    async def scan(self, lower: bytes, upper: bytes) -> AsyncIterator[list[Row]]:
        """Rows with lower <= key < upper in key order, a slice at a time.

        The stage may write between two slices: together they are of one moment only where nothing
        changes any more, as in a closed window.

        Raises:
            Unavailable: The partition has moved, or its disk fails.
        """
        while True:
            rows = self.read(partial(_slice, lower, upper))
            yield rows
            await asyncio.sleep(0)
            if len(rows) < SLICE_ROWS:
                return
            lower = rows[-1][0] + b"\0"

    async def numbers(self, kind: bytes, first: int) -> AsyncIterator[int]:
        """The distinct 8-byte numbers after a kind's byte, in their order, by one look-up each.

        Args:
            kind: The byte that the keys begin with.
            first: No smaller number.

        Raises:
            Unavailable: The partition has moved, or its disk fails.
        """
        upper = kind + b"\xff" * 9
        while found := self.read(partial(_slice, window_key(kind, first), upper, limit=1)):
            first = int.from_bytes(found[0][0][1:9], "big")
            yield first
            await asyncio.sleep(0)
            first += 1

    @property
    def closed_to(self) -> bytes:
        """Rows of windows below this key are final; of the counting stage.

        Raises:
            Unavailable: The partition has moved, or its disk fails.
        """
        state = self.read(lambda rows: rows.get_many([STATE_KEY])[0])
        if state is None:
            return b""
        stage = msgspec.json.decode(state, type=Envelope).stage
        return bytes.fromhex(msgspec.json.decode(stage, type=CountingState).closed_to)

    @property
    def progress(self) -> Progress:
        """How far the partition has come."""
        stream_ms = self._task.stage.stream_time_ms
        return Progress(stream_ms if stream_ms > NEVER_MS else None, self._lag())

    def _lag(self) -> int | None:
        lag = 0
        for topic, position in self._task.positions.items():
            end = self._engine.end_of(topic, self.partition)
            if end is None:
                return None
            lag += max(0, end - position)
        return lag


def readings(engine: Engine, table: str) -> dict[int, Reading]:
    """The partitions of a table whose tasks are at work here.

    A store that is being restored would give old answers.
    """
    tasks = engine.delivery.tasks.values() if engine.joined else ()
    return {
        task.partition: Reading(engine, task)
        for task in tasks
        if task.spec.table == table and task.store is not None and not task.failed
    }


def _slice(lower: bytes, upper: bytes, rows: Rows, limit: int = SLICE_ROWS) -> list[Row]:
    return rows.scan(lower, upper, limit)


def moving(partitions: Iterable[int]) -> Unavailable:
    """That partitions can't be asked now."""
    named = ", ".join(str(partition) for partition in sorted(partitions))
    return Unavailable(
        f"An answer needs every partition that it is about, and nobody answers for {named}: moving "
        "or recovering. Ask again soon."
    )


def freshness(progresses: Collection[Progress]) -> Json:
    """How old an answer is that is made of these partitions: what lags most decides."""
    times = [progress.stream_time_ms for progress in progresses]
    lags = [progress.lag for progress in progresses]
    heard = [stream_ms for stream_ms in times if stream_ms is not None]
    known = [lag for lag in lags if lag is not None]
    return {
        "streamTime": iso(min(heard)) if heard and len(heard) == len(times) else None,
        "lag": sum(known) if len(known) == len(lags) else None,
        "at": iso(time.time_ns() // 1_000_000),
    }
