"""The fault drills as people run them, small; `make drills` runs all of them at their full size."""

import os
import subprocess
import sys
from itertools import islice
from pathlib import Path

from dev.drills.command import verdict_of
from dev.drills.drills import DRILLS
from dev.drills.load import Shop
from dev.drills.prober import Partition
from dev.drills.report import Result
from tests.integration.places import ROOT


def python(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a module of the checkout."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=os.environ | env,
        capture_output=True,
        text=True,
        check=False,
    )


def test_workers_whose_data_is_wiped_lose_and_double_nothing(tmp_path: Path) -> None:
    """A drill at a twentieth of its size: a line of the table, exit code 0, no file left."""
    done = python("-m", "dev.drills", "--only", "wipe", "--scale", "0.05", TMPDIR=str(tmp_path))
    assert 0 == done.returncode, done.stdout + done.stderr
    rows = [line.split() for line in done.stdout.splitlines()]
    (row,) = [row for row in rows if row[:1] == ["wipe"]]
    lost, duplicated = row[-4:-2]
    assert ("4", "0", "0") == (row[2], lost, duplicated)
    assert [] == list(tmp_path.iterdir())


def test_a_single_record_lost_or_doubled_fails_the_drills() -> None:
    """And so do too few records or faults, where all drills ran at their full size."""
    good = [Result(drill.name, 200_000, 3, 1.0, 0, 0, 60.0) for drill in DRILLS]
    assert [] == verdict_of(good, 1.0)
    for lost, duplicated in ((1, 0), (0, 1)):
        wrong = Result("kill", 200_000, 3, 1.0, lost, duplicated, 60.0)
        assert ["kill is wrong: see above"] == verdict_of([wrong, *good[1:]], 1.0)
    few = [Result(drill.name, 100_000, 3, 1.0, 0, 0, 60.0) for drill in DRILLS]
    assert 1 == len(verdict_of(few, 1.0))
    assert [] == verdict_of(few, 0.5)
    assert [] == verdict_of(few[:1], 1.0)


def test_the_load_is_the_same_for_the_same_seed() -> None:
    """So that a drill that fails can be held again."""
    first, again, other = (list(islice(Shop(seed).records(), 5_000)) for seed in (1, 1, 2))
    assert first == again
    assert first != other
    assert {"clicks", "purchases"} == {topic for topic, _, _ in first}


def test_a_partition_is_unavailable_from_input_that_waits_until_its_next_commit() -> None:
    """Without input it may rest as long as it likes."""
    #            commit      input       commit
    #   0          10          15          18
    partition = Partition("counting", 0, committed=7)
    partition.see(10.0, 8, waiting=False)
    partition.see(14.0, 8, waiting=False)
    assert 0.0 == partition.longest_s
    partition.see(15.0, 8, waiting=True)
    partition.see(17.0, 8, waiting=True)
    partition.see(18.0, 9, waiting=False)
    assert 3.0 == partition.longest_s


def test_a_clock_that_is_wrong_is_wrong_for_all_that_is_imported() -> None:
    """A launcher that shifts it for a part would prove nothing."""
    tell = (
        "import datetime, sys, time, types\n"
        "import dev.drills.launch as launch\n"
        "def told(name):\n"
        "    from datetime import datetime as later, UTC\n"
        "    print(int(time.time()), time.time_ns() // 10**9, int(later.now(UTC).timestamp()))\n"
        "    return types.SimpleNamespace(cli=lambda: None)\n"
        "launch.import_module = told\n"
        "sys.argv = ['launch', '-86400']\n"
        "now = time.time()\n"
        "launch.main()\n"
        "print(int(now))\n"
    )
    done = python("-c", tell)
    *shifted, now = map(int, done.stdout.split())
    assert all(now - 86_400 <= told <= now - 86_390 for told in shifted), done.stderr


def test_a_worker_can_be_started_by_a_wrong_clock() -> None:
    """Whatever its types of times are made of when it is imported."""
    done = python("-m", "dev.drills.launch", "86400", "-A", "app", "--help")
    assert (0, True) == (done.returncode, "worker" in done.stdout), done.stderr
