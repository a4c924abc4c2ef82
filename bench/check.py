"""``python -m bench.check``: whether anything has become slower, held against a stored baseline.

What is compared are ratios: the clicks a second of processor time of each subject, to the records
a second of processor time of the yardstick, which is run before it on the same core. Times, and
wall time at all, would tell how busy the machine is. Of a few interleaved rounds the median counts.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec

from bench import yardstick
from bench.figures import Spread
from bench.report import Row
from bench.run import running
from bench.subject import Round, Subject, measure_all
from bench.subjects import all_subjects

#: A loss of more than this is one.
TOLERATED = 0.25

BASELINE = Path(__file__).with_name("baseline.json")
_CLICKS, _USERS, _ROUNDS = 200_000, 10_000, 3
NAMES = ("counting", "restore", "pipeline")


def main() -> None:
    """Measure and compare; exit code 1 where something has become slower, or failed."""
    parser = argparse.ArgumentParser(prog="python -m bench.check", description=__doc__)
    parser.add_argument("--write", action="store_true", help="make this run the baseline")
    options = parser.parse_args()
    found = _measure()
    if options.write:
        BASELINE.write_bytes(msgspec.json.format(msgspec.json.encode(found)) + b"\n")
        print(f"Wrote {BASELINE.name}.")
        return
    baseline: dict[str, float] = msgspec.json.decode(BASELINE.read_bytes())
    print(*lines(found, baseline), sep="\n")
    if losses(found, baseline):
        sys.exit(
            f"bench: nothing may lose more than {TOLERATED:.0%} against bench/baseline.json; the "
            "marked ones did. Find out why; where it is worth it, say so in CHANGELOG.md and run: "
            "make bench-check ARGS=--write"
        )


def losses(found: Mapping[str, float], baseline: Mapping[str, float]) -> list[str]:
    """Subjects that have lost more than is tolerated; one without a baseline has none to lose."""
    return [
        name
        for name, ratio in found.items()
        if name in baseline and ratio < baseline[name] * (1 - TOLERATED)
    ]


def lines(found: Mapping[str, float], baseline: Mapping[str, float]) -> list[str]:
    """What is printed: each ratio beside the baseline's."""
    lost = losses(found, baseline)
    return [
        f"{name:10} {ratio:7.3f} of the yardstick, {_change(ratio, baseline.get(name))}"
        f"{'  <-- lost' if name in lost else ''}"
        for name, ratio in found.items()
    ]


def _change(ratio: float, before: float | None) -> str:
    return "no baseline" if before is None else f"baseline {before:.3f} ({ratio / before - 1:+.0%})"


def ratio(rows: Sequence[Row], yardsticks: Sequence[Row]) -> float:
    """The median of the rounds' ratios, each to the yardstick that was run before it."""
    pairs = zip(rows, yardsticks, strict=True)
    values = [row.per_cpu_second / unit.per_cpu_second for row, unit in pairs]
    return round(Spread.of(values).median, 4)


def _measure() -> dict[str, float]:
    units: dict[str, list[Row]] = {name: [] for name in NAMES}
    subjects = [_held(subject, units[subject.name]) for subject in _subjects()]
    with running(_CLICKS, _USERS) as place:
        results = measure_all(subjects, place.rounds(_ROUNDS))
    if any(result.faults for result in results):
        sys.exit(1)
    return {
        result.subject.name: ratio(result.rows, units[result.subject.name]) for result in results
    }


def _subjects() -> list[Subject]:
    known = {subject.name: subject for subject in all_subjects()}
    return [known[name] for name in NAMES]


def _held(subject: Subject, units: list[Row]) -> Subject:
    """The subject, with the yardstick run before it."""

    def measure(round_: Round) -> Row:
        unit = yardstick.measure(round_.setup.cores.worker)
        row = subject.measure(round_)
        units.append(unit)
        return row

    return replace(subject, measure=measure)


if __name__ == "__main__":
    main()
