"""Laws of the simulated world: it must be as hard on the engine as Kafka is, and no harder."""

import asyncio
from collections.abc import Coroutine
from random import Random
from typing import Any

import pytest
from aiokafka.errors import ProducerFenced

from models.stage import Output
from tests.simulation.broker import Broker, Link
from tests.simulation.loop import Process, SimLoop, SimulationHangsError

AT = ("out", 0)
ONE = [Output(b"k", b"1")]


class Bench:
    """A loop and a broker with one topic."""

    def __init__(self) -> None:
        self.loop = SimLoop(2_000)
        self.broker = Broker(self.loop, Random(1), {"out": 1})
        self.log = self.broker.logs[AT]
        self.transactions = self.broker.transactions

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Run to the end."""
        self.loop.run_until_complete(self.loop.spawn(work, None))
        self.loop.finish()

    @property
    def values(self) -> list[bytes | None]:
        """What a reader of committed records sees."""
        return [record.value for record in self.log.committed()]


@pytest.fixture
def bench() -> Bench:
    """A new one."""
    return Bench()


def test_time_jumps_to_the_next_timer(bench: Bench) -> None:
    """An hour passes at once."""
    began = bench.loop.time()
    bench.run(asyncio.sleep(900))
    assert 900 == bench.loop.time() - began


def test_what_never_ends_is_told(bench: Bench) -> None:
    """Waiting for nothing is a failure, not a hanging test."""
    with pytest.raises(SimulationHangsError):
        bench.run(asyncio.Event().wait())  # type: ignore[arg-type]  # it never gives anything
    bench.loop.finish()


def test_a_dead_process_does_nothing_more_and_a_frozen_one_goes_on(bench: Bench) -> None:
    """Not even what stands in its ``finally``."""
    said: list[str] = []

    async def live(process: Process) -> None:
        try:
            await asyncio.sleep(1)
            said.append(process.name)
        finally:
            said.append(f"{process.name} ends")

    async def play() -> None:
        dead, frozen = Process("dead"), Process("frozen")
        kept = [bench.loop.spawn(live(process), process) for process in (dead, frozen)]
        await asyncio.sleep(0.5)
        dead.alive, frozen.frozen = False, True
        await asyncio.sleep(1)
        assert ([], 2) == (said, len(kept))
        bench.loop.thaw(frozen)
        await asyncio.sleep(1)
        assert ["frozen", "frozen ends"] == said

    bench.run(play())


def test_nothing_of_a_transaction_is_read_before_its_control_record(bench: Bench) -> None:
    """Nor anything behind it: the log is stable up to the first open transaction."""
    first = bench.transactions.fence("a")
    second = bench.transactions.fence("b")
    bench.transactions.append("a", first, AT, ONE, 0)
    bench.transactions.append("b", second, AT, [Output(b"k", b"2")], 0)
    bench.transactions.commit("b", second)
    assert ([], 0) == (bench.values, bench.log.stable_end)
    bench.transactions.commit("a", first)
    bench.run(asyncio.sleep(1))
    assert [b"1", b"2"] == bench.values
    assert 4 == bench.log.stable_end


def test_a_fence_aborts_and_refuses_the_former_owner(bench: Bench) -> None:
    """Its sends, its offsets and its commit, even one that was long on its way."""
    old = bench.transactions.fence("a")
    bench.transactions.append("a", old, AT, ONE, 0)
    new = bench.transactions.fence("a")
    with pytest.raises(ProducerFenced):
        bench.transactions.append("a", old, AT, ONE, 0)
    with pytest.raises(ProducerFenced):
        bench.transactions.commit("a", old)
    bench.transactions.append("a", new, AT, [Output(b"k", b"2")], 0)
    bench.transactions.add_offsets("a", new, {AT: (7, "S")})
    bench.transactions.commit("a", new)
    bench.run(asyncio.sleep(1))
    assert ([b"2"], {AT: (7, "S")}) == (bench.values, bench.transactions.group)


def test_a_decided_transaction_is_not_undone_by_a_fence(bench: Bench) -> None:
    """The new owner finds it in the logs: its control records are written first."""
    old = bench.transactions.fence("a")
    bench.transactions.append("a", old, AT, ONE, 0)
    bench.transactions.commit("a", old)
    bench.transactions.fence("a")
    assert [b"1"] == bench.values
    bench.run(asyncio.sleep(1))
    assert 2 == bench.log.end


def test_a_transaction_left_open_is_aborted_in_time(bench: Bench) -> None:
    """Else readers would wait for ever for a dead worker."""
    epoch = bench.transactions.fence("a")
    bench.transactions.append("a", epoch, AT, ONE, 0)
    bench.run(asyncio.sleep(40))
    assert ([], 2) == (bench.values, bench.log.stable_end)


def test_compaction_keeps_the_last_of_each_key_and_tombstones_for_a_time(bench: Bench) -> None:
    """A reader that saw the row before sees its deletion."""
    rows = [Output(b"a", b"1"), Output(b"b", b"1"), Output(b"a", None), Output(b"b", b"2")]
    bench.log.append(rows, 0)
    bench.log.compact(0, 100)
    assert [None, b"2"] == bench.values
    bench.log.compact(50, 100)
    assert [None, b"2"] == bench.values
    bench.log.compact(101, 100)
    assert [b"2"] == bench.values
    bench.run(asyncio.sleep(0))


def test_a_request_may_be_done_after_its_client_gave_it_up(bench: Bench) -> None:
    """The answer is lost, or comes late; whether it was done is not known."""
    link = Link(bench.broker, Process("w"))
    bench.broker.flaky = 1.0
    done: list[int] = []

    async def play() -> None:
        answers = [link.send("x", lambda n=n: done.append(n)) for n in range(100)]  # type: ignore[misc]
        await asyncio.wait(answers)
        failed = {n for n, answer in enumerate(answers) if answer.exception() is not None}
        await asyncio.sleep(20)
        assert failed & set(done)
        assert failed - set(done)
        assert set(range(100)) - failed <= set(done)

    bench.run(play())
