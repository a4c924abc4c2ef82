"""Laws of reading a partition beside the stage that writes it."""

import asyncio
from typing import Any, cast

import pytest

from app.answers import Unavailable
from app.reading import SLICE_ROWS, Progress, Reading, readings
from models.errors import StoreError
from tests.app.fake_engine import FakeEngine, FakeTask
from tests.models.fakes import DictRows

ROWS = {b"w%05d" % n: b"1" for n in range(2 * SLICE_ROWS + 5)}


class BrokenRows(DictRows):
    """A disk that fails."""

    def get_many(self, keys: Any) -> Any:
        """Nothing."""
        raise StoreError("the disk is gone")


def reading(task: FakeTask, engine: FakeEngine) -> Reading:
    """The reading of a task."""
    return readings(cast("Any", engine), "click-counts")[task.partition]


async def _scanned(rows: Reading, meanwhile: Any = None) -> list[int]:
    sizes = []
    async for found in rows.scan(b"w", b"x"):
        sizes.append(len(found))
        if meanwhile is not None:
            meanwhile()
    return sizes


def test_a_scan_gives_all_rows_in_slices() -> None:
    """And others have their turn between two of them."""
    task = FakeTask(DictRows(ROWS))
    turns: list[int] = []

    async def scan() -> list[int]:
        loop = asyncio.get_running_loop()
        return await _scanned(
            reading(task, FakeEngine(task)), lambda: loop.call_soon(turns.append, 1)
        )

    assert [SLICE_ROWS, SLICE_ROWS, 5] == asyncio.run(scan())
    assert 2 <= len(turns)


def test_numbers_are_told_once_each() -> None:
    """Those of other kinds are not."""
    numbers = {1: b"a", 2: b"", 1 << 40: b"z"}
    keys = [b"c" + n.to_bytes(8, "big") + more for n in numbers for more in (numbers[n], b"\xff")]
    task = FakeTask(DictRows(dict.fromkeys([b"b" + b"\xff" * 8, *keys, b"d" + b"\0" * 8], b"")))

    async def told(first: int) -> list[int]:
        return [number async for number in reading(task, FakeEngine(task)).numbers(b"c", first)]

    assert list(numbers) == asyncio.run(told(0))
    assert [1 << 40] == asyncio.run(told(3))


def test_a_scan_ends_when_the_partition_moves() -> None:
    """Its store may be closed by then, and opened by another worker."""
    task = FakeTask(DictRows(ROWS))
    engine = FakeEngine(task)
    with pytest.raises(Unavailable, match="for 3: moving"):
        asyncio.run(_scanned(reading(task, engine), engine.tasks.clear))


def test_a_partition_that_came_back_is_read_anew() -> None:
    """Its former task's store is closed, though the partition is this worker's."""
    task, again = FakeTask(DictRows(ROWS)), FakeTask(DictRows(ROWS))
    engine = FakeEngine(task)
    former = reading(task, engine)
    engine.tasks["counting", 3] = again
    with pytest.raises(Unavailable, match="for 3: moving"):
        former.read(lambda rows: rows)
    assert again.store is reading(again, engine).read(lambda rows: rows)


def test_a_task_that_failed_is_not_read() -> None:
    """What it has on disk is committed, but somebody else may be at work by now."""
    task = FakeTask(DictRows(ROWS))
    rows = reading(task, FakeEngine(task))
    task.failed = True
    with pytest.raises(Unavailable):
        rows.read(lambda rows: rows.get_many([b"w00000"]))
    assert {} == readings(cast("Any", FakeEngine(task)), "click-counts")


def test_only_tasks_at_work_on_the_table_are_read() -> None:
    """Not those that are being restored; none before there was an assignment."""
    ready, restored = FakeTask(DictRows({}), 1), FakeTask(None, 2)
    engine = FakeEngine(ready, restored)
    assert [1] == list(readings(cast("Any", engine), "click-counts"))
    assert {} == readings(cast("Any", engine), "join-state")
    engine.joined = False
    assert {} == readings(cast("Any", engine), "click-counts")


def test_a_disk_that_fails_makes_the_partition_unavailable() -> None:
    """The stage will hear of it as well, and end the worker."""
    task = FakeTask(BrokenRows({}))
    with pytest.raises(Unavailable, match="the disk is gone"):
        reading(task, FakeEngine(task)).read(lambda rows: rows.get_many([b"w"]))


def test_progress_is_stream_time_and_what_waits() -> None:
    """Unknown before anything was heard of."""
    task = FakeTask(DictRows({}))
    engine = FakeEngine(task)
    rows = reading(task, engine)
    assert Progress(None, None) == rows.progress
    task.stream_time_ms, engine.ends["enriched-clicks", 3] = 5, 42
    assert Progress(5, 2) == rows.progress
    engine.ends["enriched-clicks", 3] = 39  # heard of before what was read since
    assert Progress(5, 0) == rows.progress
