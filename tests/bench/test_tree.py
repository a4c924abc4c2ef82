"""Laws of what a process and its descendants use."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bench.cores import Cores
from bench.tree import Sample, Tree, family

BURN = "import time\nwhile time.process_time() < 0.5: pass\n"
#: The kernel counts in hundredths, and cuts each of four numbers.
BURNT_S = 0.45
MIB = 1024 * 1024


@contextmanager
def process(program: str) -> Iterator[subprocess.Popen[bytes]]:
    """A Python process that says when it is done, and stays until told."""
    program += "\nprint('done', flush=True)\ninput()"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        assert b"done\n" == child.stdout.readline()
        try:
            yield child
        finally:
            child.kill()


def used(program: str) -> Sample:
    """What it has used when it is done."""
    with process(program) as child:
        return Tree(child.pid).sample()


def test_processor_time_of_a_child_is_its_parents() -> None:
    """Also when the child has ended: the parent has waited for it."""
    child = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {BURN!r}])"
    assert used(child).cpu_s >= BURNT_S


def test_processor_time_of_a_living_child_counts() -> None:
    """Java runs as a child of Python in some peers."""
    burn = f"{BURN}print(1, flush=True)\ninput()"
    living = (
        "import subprocess, sys\n"
        f"child = subprocess.Popen([sys.executable, '-c', {burn!r}], stdin=subprocess.PIPE,"
        " stdout=subprocess.PIPE)\nchild.stdout.readline()"
    )
    assert used(living).cpu_s >= BURNT_S


def test_the_peak_stays_when_memory_is_given_back() -> None:
    """What is in use does not."""
    found = used(f"x = bytearray({100 * MIB})\ndel x")
    assert found.peak_bytes > 100 * MIB > found.used_bytes > 0


def test_an_ended_process_keeps_its_times_until_it_is_waited_for() -> None:
    """A peer that ends of itself is measured to its end."""
    with subprocess.Popen([sys.executable, "-c", BURN]) as child:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert Tree(child.pid).sample().cpu_s >= BURNT_S


def test_a_family_has_all_descendants() -> None:
    """And the root."""
    with process("") as child:
        assert {child.pid} == family([child.pid])
        assert child.pid in family([os.getpid()])


@pytest.mark.parametrize(
    ("usable", "worker", "others"), [({0, 1}, {1}, {0}), ({0, 1, 2}, {2}, {0, 1}), ({4}, {4}, {4})]
)
def test_what_is_measured_gets_the_last_core_and_the_rest_all_others(
    monkeypatch: pytest.MonkeyPatch, usable: set[int], worker: set[int], others: set[int]
) -> None:
    """On one core there is nothing to share out."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: usable)
    assert Cores(frozenset(worker), frozenset(others)) == Cores.named("one")
    assert Cores(frozenset(usable), frozenset(usable)) == Cores.named("all")


def test_each_worker_gets_a_core_and_shares_where_there_are_fewer() -> None:
    """The last core first, as a worker alone."""
    cores = Cores(frozenset({1}), frozenset({0}))
    assert [{1}, {0}, {1}] == cores.each(3)
