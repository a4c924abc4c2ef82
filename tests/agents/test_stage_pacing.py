"""Laws of the exactly-once loop in time: pacing, ticks, back-pressure and the end."""

import asyncio
import time
from itertools import pairwise
from pathlib import Path

import pytest

from agents import stage as loop
from tests.agents.bench import note_in, on_bench, stateless
from tests.agents.fakes import TOPIC, EchoStage, FakeContext, batch, eventually, in_loop, spec_of


@in_loop
async def test_commits_are_paced_by_the_commit_interval(tmp_path: Path) -> None:
    """A trickle is gathered: a transaction costs the same for one record and for thousands."""
    async with on_bench(tmp_path, context=FakeContext(commit_interval_ms=300)) as bench:
        for n in range(40):
            bench.task.deliver(batch(n, n + 1))
            await asyncio.sleep(0.02)
        await eventually(lambda: len(bench.stage.offsets) == 40)
        times = bench.kafka.committed_at
        assert [] == [b - a for a, b in pairwise(times) if b - a < 0.29]


@in_loop
async def test_behind_its_input_a_task_commits_at_once(tmp_path: Path) -> None:
    """Waiting would only cost throughput."""
    async with on_bench(tmp_path, context=FakeContext(commit_interval_ms=60_000)) as bench:
        bench.task.deliver(batch(0, 1))
        await eventually(lambda: len(bench.kafka.transactions) == 1)
        bench.task.deliver(batch(1, 2))
        await asyncio.sleep(0.1)
        assert 1 == len(bench.kafka.transactions)
        bench.task.deliver(batch(2, 2 + loop.MAX_RECORDS))
        await eventually(lambda: len(bench.kafka.transactions) == 2)


@pytest.mark.parametrize(
    ("interval_ms", "records"),
    [(1, 1_000), (100, 1_000), (500, 5_000), (1_000, 10_000), (10_000, 10_000)],
)
@in_loop
async def test_how_many_are_behind_depends_on_the_interval(
    tmp_path: Path, interval_ms: int, records: int
) -> None:
    """A longer one saves transactions at high rates too; a turn's worth is always enough."""
    async with on_bench(tmp_path, context=FakeContext(commit_interval_ms=interval_ms)) as bench:
        bench.writer.fault = "hang"
        bench.task.deliver(batch(0, 1))
        await eventually(lambda: bench.stage.steps)
        bench.task.deliver(batch(1, records))
        before = bench.task._behind
        bench.task.deliver(batch(records, records + 1))
        assert (False, True) == (before, bench.task._behind)
        await bench.task.stop(0)


@in_loop
async def test_what_no_reader_waits_for_shares_a_transaction_with_what_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A short commit interval costs transactions only where somebody sees results sooner."""
    monkeypatch.setattr(loop, "UNHURRIED_MS", 60_000)
    stage = EchoStage(awaited=range(3, 4))
    async with on_bench(tmp_path, stage=stage) as bench:
        bench.task.deliver(batch(0, 1))
        await eventually(lambda: len(bench.kafka.transactions) == 1)
        for n in range(1, 3):
            bench.task.deliver(batch(n, n + 1))
            await asyncio.sleep(0.05)
        assert 1 == len(bench.kafka.transactions)
        bench.task.deliver(batch(3, 4))
        await eventually(lambda: len(bench.kafka.transactions) == 2)
        bench.task.deliver(batch(4, 5))
        await asyncio.sleep(0.05)
        assert [[0], [1, 2, 3]] == [offsets for offsets, _ in stage.steps if offsets]


@in_loop
async def test_what_no_reader_waits_for_does_not_wait_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The views show it, and a crash leaves it to be done again."""
    monkeypatch.setattr(loop, "UNHURRIED_MS", 300)
    async with on_bench(tmp_path, stage=EchoStage(awaited=())) as bench:
        for n in range(3):
            bench.task.deliver(batch(n, n + 1))
            await eventually(lambda n=n: len(bench.kafka.transactions) == n + 1)  # type: ignore[misc]
        times = bench.kafka.committed_at
        assert [] == [b - a for a, b in pairwise(times) if b - a < 0.29]


@in_loop
async def test_a_turn_takes_a_bounded_number_of_records(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The event loop stays responsive, however far behind the input is."""
    monkeypatch.setattr(loop, "MAX_RECORDS", 10)
    async with on_bench(tmp_path) as bench:
        for begin in range(0, 100, 5):
            bench.task.deliver(batch(begin, begin + 5))
        await eventually(lambda: len(bench.stage.offsets) == 100)
        assert 10 == max(len(offsets) for offsets, _ in bench.stage.steps)


@in_loop
async def test_enough_waiting_makes_a_task_full(tmp_path: Path) -> None:
    """Nothing more is fetched for its partition until it has worked."""
    async with on_bench(tmp_path) as bench:
        bench.writer.fault = "hang"
        bench.task.deliver(batch(0, 1))
        await eventually(lambda: bench.stage.steps)
        bench.task.deliver(batch(1, loop.FULL_RECORDS))
        before = bench.task.full
        bench.task.deliver(batch(loop.FULL_RECORDS, loop.FULL_RECORDS + 1))
        assert (False, True) == (before, bench.task.full)
        await bench.task.stop(0)


@in_loop
async def test_a_stage_with_a_tick_is_stepped_without_input(tmp_path: Path) -> None:
    """It may have become idle; a step that says nothing is no transaction."""
    stage = EchoStage()
    async with on_bench(tmp_path, stateless(stage, tick_ms=5), stage=stage) as bench:
        await eventually(lambda: len(stage.steps) > 2)
        assert [] == bench.kafka.transactions
        stage.speak = True
        await eventually(lambda: bench.kafka.transactions)
        offset, metadata = bench.kafka.offsets[TOPIC, 0]
        assert (0, b'{"count":0}') == (offset, bytes(note_in(metadata).stage))


@in_loop
async def test_a_stage_without_a_tick_rests_without_input(tmp_path: Path) -> None:
    """Counting and joining hear of time by records only; one step finishes what a crash left."""
    async with on_bench(tmp_path) as bench:
        await asyncio.sleep(0.1)
        assert [([], False)] == bench.stage.steps


@in_loop
async def test_a_stage_hears_that_its_input_is_at_its_end(tmp_path: Path) -> None:
    """Read up to the log's end, with nothing waiting; an end not heard of is none."""
    stage, context = EchoStage(), FakeContext()
    spec = stateless(stage, tick_ms=5)
    async with on_bench(tmp_path, spec, stage=stage, context=context) as bench:
        await eventually(lambda: len(stage.steps) > 1)
        context.ends[TOPIC, 0] = 3
        bench.task.deliver(batch(0, 2))
        await eventually(lambda: stage.count == 2)
        assert [False] == sorted({at_end for _, at_end in stage.steps})
        bench.task.deliver(batch(2, 3, []))
        await eventually(lambda: stage.steps[-1] == ([], True))


@in_loop
async def test_an_input_whose_rest_was_deleted_is_at_its_end(tmp_path: Path) -> None:
    """Else its partition never became idle, and held back every window, until its next record."""
    stage, context = EchoStage(), FakeContext(ends={(TOPIC, 0): 9})
    async with on_bench(
        tmp_path, stateless(stage, tick_ms=5), stage=stage, context=context
    ) as bench:
        bench.task.deliver(batch(0, 2))
        await eventually(lambda: stage.count == 2)
        bench.task.advance(TOPIC, 9)
        await eventually(lambda: stage.steps[-1] == ([], True))


@in_loop
async def test_stop_ends_a_task_after_the_turn_at_hand(tmp_path: Path) -> None:
    """What waits is left to whoever comes next."""
    async with on_bench(tmp_path, context=FakeContext(commit_interval_ms=60_000)) as bench:
        bench.task.deliver(batch(0, 1))
        await eventually(lambda: bench.rows)
        bench.task.deliver(batch(1, 2))
        started = time.monotonic()
        await bench.task.stop(5)
        assert time.monotonic() - started < 1
        assert [0] == bench.stage.offsets
        assert ["fence", "commit", "write"] == bench.kafka.journal
        assert bench.writer.closed
        assert bench.task.deliver(batch(1, 2)) is None
        assert bench.task.deliver(batch(5, 6)) is None


@in_loop
async def test_stop_ends_a_stage_that_always_has_more(tmp_path: Path) -> None:
    """Closing a day of windows is parted between the old owner and the new one."""
    async with on_bench(tmp_path, stage=EchoStage(rounds=1_000_000)) as bench:
        bench.task.deliver(batch(0, 1))
        await eventually(lambda: len(bench.kafka.transactions) > 2)
        await bench.task.stop(5)
        assert len(bench.stage.steps) == len(bench.kafka.transactions)


@in_loop
async def test_stop_cancels_a_turn_that_hangs(tmp_path: Path) -> None:
    """A rebalance does not wait for a commit that is never answered."""
    async with on_bench(tmp_path) as bench:
        bench.writer.fault = "hang"
        bench.task.deliver(batch(0, 1))
        await eventually(lambda: bench.stage.steps)
        await bench.task.stop(0.05)
        await asyncio.sleep(0)
        assert bench.writer.closed
        assert ([], {}) == (bench.kafka.transactions, bench.rows)
        assert [] == bench.context.failures


@in_loop
async def test_several_inputs_have_positions_of_their_own(tmp_path: Path) -> None:
    """The join reads two topics; one transaction may hold records of both."""
    stage = EchoStage()
    spec = spec_of(stage, inputs=("a", "b"))
    async with on_bench(tmp_path, spec, stage=stage) as bench:
        bench.task.deliver(batch(0, 2, topic="a"))
        bench.task.deliver(batch(0, 5, topic="b"))
        await eventually(lambda: stage.count == 7)
        assert {"a": 2, "b": 5} == bench.envelope.positions
