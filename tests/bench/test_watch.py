"""Laws of watching an output: when it was complete, and what was used until then."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiokafka import TopicPartition

from bench import watch as watching
from bench.tree import Sample
from bench.watch import Look, Output, completed, row, watch, watched
from bench.worker import BenchError

P0, P1 = TopicPartition("out", 0), TopicPartition("out", 1)


def sample(at_s: float, used: int = 0) -> Sample:
    """A moment."""
    return Sample(at_s, cpu_s=at_s / 2, peak_bytes=9, used_bytes=used)


def test_it_is_complete_when_the_last_needed_record_is_committed() -> None:
    """What is committed later, such as a count of a closing user, costs nobody time."""
    looks = [
        Look(sample(1), {P0: 0, P1: 0}),
        Look(sample(2), {P0: 5, P1: 0}),
        Look(sample(3), {P0: 5, P1: 4}),
        Look(sample(4), {P0: 9, P1: 9}),
    ]
    assert 3 == completed(looks, {P0: 5, P1: 4}).at_s
    assert 4 == completed(looks, {P0: 6, P1: 1}).at_s


def test_memory_in_use_is_told_at_each_tenth_of_the_time_up_to_the_end() -> None:
    """Later samples, of a process that has nothing to do, are left out."""
    samples = [sample(at_s, used=at_s) for at_s in range(1, 31)]
    assert tuple(range(2, 21, 2)) == watched(samples, sample(20)).used_bytes


def test_a_row_is_of_the_time_between_beginning_and_end() -> None:
    """In wall and in processor time; the peak is the end's."""
    found = row("what", "none", 100, sample(1), watched([sample(1), sample(5)], sample(5)))
    assert (4, 2, 9, 25, 50) == (
        found.seconds,
        found.cpu_s,
        found.peak_bytes,
        found.per_second,
        found.per_cpu_second,
    )


@dataclass
class Scripted:
    """An output whose ends and completeness are written down, on a clock that leaps."""

    ends_by_look: list[int]
    complete_from: int
    now_s: float = 0.0
    looks: int = 0
    read_to: int = 0
    starts: Any = field(default_factory=lambda: {P0: 0})
    needed: dict[TopicPartition, int] = field(default_factory=dict)

    @property
    def check(self) -> Any:
        """Itself."""
        return self

    def fault(self) -> str | None:
        """Whether enough was read."""
        return None if self.read_to >= self.complete_from else f"read {self.read_to}"

    async def ends(self) -> dict[TopicPartition, int]:
        """As written down; the last for ever."""
        self.looks += 1
        return {P0: self.ends_by_look[min(self.looks, len(self.ends_by_look)) - 1]}

    async def take(self, ends: dict[TopicPartition, int]) -> None:
        """Read to these ends."""
        self.read_to = ends[P0]
        self.needed = {P0: min(self.read_to, self.complete_from)}

    def sample(self) -> Sample:
        """A second later each time."""
        self.now_s += 1
        return sample(self.now_s)


def run(output: Scripted, ended: Callable[[], bool] = watching.never) -> Any:
    """Watch it."""
    given: Any = output
    found: Output = given
    return asyncio.run(watch(found, output.sample, ended))


@pytest.fixture(autouse=True)
def _no_sleep(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "_POLL_SECONDS", 0)


def test_the_end_is_the_growth_that_completed_it_not_the_moment_it_was_noticed() -> None:
    """It is read only when it is quiet, and then looked up when it had grown so far."""
    # ends:  3 at 2 s, 7 at 3 s, then nothing: read at 5 s
    assert 3 == run(Scripted([3, 7], complete_from=5)).end.at_s


def test_an_output_that_pauses_is_waited_for() -> None:
    """A pause is quiet too; reading finds it incomplete, and the watch goes on."""
    assert 8 == run(Scripted([3, 3, 3, 3, 3, 3, 7], complete_from=7)).end.at_s


def test_an_incomplete_output_of_a_program_that_ended_is_refused() -> None:
    """Nothing more comes."""
    with pytest.raises(BenchError, match="read 3"):
        run(Scripted([3], complete_from=5), ended=lambda: True)


def test_an_output_that_stays_incomplete_is_refused() -> None:
    """After a minute without growth."""
    output = Scripted([3], complete_from=5)
    with pytest.raises(BenchError, match="read 3"):
        run(output)
    assert 60 < output.now_s < 70
