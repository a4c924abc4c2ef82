"""``make simulate``: many seeds, one seed with its history, or the table of mutations."""

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

from tests.simulation.mutations import MUTATIONS, Mutation
from tests.simulation.simulation import Result, simulate

#: Seeds that a mutation may take.
_MOST_SEEDS = 500


def main() -> int:
    """Run; the exit code says whether all was right."""
    options = _options()
    if options.mutations:
        return _mutations(options.jobs)
    if options.seed is not None:
        return _one(options.seed, trace=options.trace)
    return _many(options.first, options.seeds, options.jobs)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make simulate", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1_000, help="how many (1000)")
    parser.add_argument("--first", type=int, default=0, help="the first one (0)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes (all cores)")
    parser.add_argument("--seed", type=int, help="run this seed alone")
    parser.add_argument("--trace", action="store_true", help="print the history of --seed")
    parser.add_argument("--mutations", action="store_true", help="how soon faults are found")
    return parser.parse_args()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _one(seed: int, *, trace: bool) -> int:
    result = simulate(seed, aloud=True)
    for line in result.history if trace else ():
        _say(line)
    _tell(result)
    _say(f"Seed {seed} is {'wrong' if result.wrong else 'right'}.")
    return bool(result.wrong)


def _tell(result: Result) -> None:
    for line in result.wrong:
        _say(f"seed {result.seed}: {line}")
    if result.wrong:
        _say(f'Repeat it: make simulate ARGS="--seed {result.seed} --trace"')


def _many(first: int, seeds: int, jobs: int) -> int:
    began = time.monotonic()
    faults: Counter[str] = Counter()
    wrong = 0
    for result in _results(range(first, first + seeds), jobs):
        faults += result.faults
        wrong += bool(result.wrong)
        _tell(result)
    seconds = time.monotonic() - began
    _say(f"{seeds} seeds in {seconds:.1f} s ({seeds / seconds:.0f}/s), {wrong} of them wrong.")
    _say("Faults: " + ", ".join(f"{count} {kind}" for kind, count in faults.most_common()))
    return wrong > 0


def _results(seeds: range, jobs: int) -> Iterator[Result]:
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(_briefly, seeds, chunksize=20)


def _briefly(seed: int) -> Result:
    result = simulate(seed)
    return Result(result.seed, result.wrong, result.faults, [])


def _mutations(jobs: int) -> int:
    missed = 0
    _say(f"{'mutation':<23}{'seeds':>6}  rule of the engine that it takes out")
    with ProcessPoolExecutor(jobs) as pool:
        for mutation, found in zip(
            MUTATIONS, pool.map(_search, range(len(MUTATIONS))), strict=True
        ):
            _say(_row(mutation, found))
            missed += found is None
    return missed > 0


def _search(number: int) -> int | None:
    return MUTATIONS[number].seeds_until_found(_MOST_SEEDS)


def _row(mutation: Mutation, found: int | None) -> str:
    return f"{mutation.name:<23}{found or f'>{_MOST_SEEDS}':>6}  {mutation.breaks}"


if __name__ == "__main__":
    sys.exit(main())
