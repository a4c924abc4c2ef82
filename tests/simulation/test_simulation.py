"""Laws of the engine under any faults: what comes out is what the inputs say."""

import hashlib
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.simulation.simulation import Result, simulate

_ROOT = Path(__file__).parents[2]
_CHUNK = 100
_SEEDS = 1_000
#: Every kind of fault that a seed may meet with.
_KINDS = {
    "added worker", "compaction", "crash", "cut link", "disk lost", "dropped batch", "expulsion",
    "foreign disk", "freeze", "late request", "loading group", "lost answer", "lost request",
    "old disk", "outage", "rebalance", "repeated batch", "retention", "slow answer", "slow request",
    "worker leaves",
}  # fmt: skip


def wrong_of(result: Result) -> list[str]:
    """What is wrong, with how to see it again."""
    again = f'make simulate ARGS="--seed {result.seed} --trace"'
    return [*result.wrong, again] if result.wrong else []


def digest(result: Result) -> str:
    """The history in short."""
    return hashlib.sha256("\n".join(result.history).encode()).hexdigest()


@pytest.mark.parametrize("first", range(0, _SEEDS, _CHUNK))
def test_whatever_goes_wrong_the_outputs_are_what_the_inputs_say(first: int) -> None:
    """Nothing lost, nothing doubled, ledgers and stores in order, and it comes to an end."""
    wrong = [line for seed in range(first, first + _CHUNK) for line in wrong_of(simulate(seed))]
    assert [] == wrong


def test_so_they_are_when_nothing_goes_wrong() -> None:
    """The recount is right in calm, too."""
    assert [] == [line for seed in range(20) for line in wrong_of(simulate(seed, calm=True))]


def test_all_kinds_of_faults_happen() -> None:
    """Else the first law says less than it seems to."""
    faults = sum((simulate(seed).faults for seed in range(60)), Counter[str]())
    assert set() == _KINDS - set(faults)


@pytest.mark.parametrize("seed", range(3))
def test_a_seed_repeats_itself_to_the_letter(seed: int) -> None:
    """In another process too, where sets of text have another order."""
    assert digest(simulate(seed)) == digest(simulate(seed)) == _digest_elsewhere(seed)


def _digest_elsewhere(seed: int) -> str:
    code = (
        "from tests.simulation.simulation import simulate\n"
        "from tests.simulation.test_simulation import digest\n"
        f"print(digest(simulate({seed})))"
    )
    environment = os.environ | {"PYTHONHASHSEED": "1", "PYTHONPATH": str(_ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        env=environment,
        cwd=_ROOT,
    )
    return done.stdout.strip()
