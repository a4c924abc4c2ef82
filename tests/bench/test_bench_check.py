"""Laws of the comparison with the baseline."""

import msgspec

from bench import check, yardstick
from bench.report import Row
from bench.subjects import all_subjects


def row(records: int, cpu_s: float) -> Row:
    """A measurement."""
    return Row("what", records, seconds=99, cpu_s=cpu_s, guarantee="-")


def test_a_quarter_may_be_lost_and_no_more() -> None:
    """What CPU seconds differ by on a busy machine is less."""
    baseline = {"counting": 0.5, "restore": 2.0}
    assert [] == check.losses({"counting": 0.375, "restore": 1.5}, baseline)
    assert ["restore"] == check.losses({"counting": 0.375, "restore": 1.49}, baseline)


def test_a_subject_without_a_baseline_has_nothing_to_lose() -> None:
    """It gets one with --write."""
    assert [] == check.losses({"new": 0.1}, {})
    assert ["new          0.100 of the yardstick, no baseline"] == check.lines({"new": 0.1}, {})


def test_what_is_lost_is_marked() -> None:
    """With how much."""
    (line,) = check.lines({"counting": 0.2}, {"counting": 0.4})
    assert line.endswith("baseline 0.400 (-50%)  <-- lost")


def test_a_machine_that_is_twice_as_slow_changes_nothing() -> None:
    """Both are slow; wall time is not looked at."""
    fast = check.ratio([row(100, 1), row(100, 1)], [row(400, 1), row(400, 1)])
    slow = check.ratio([row(100, 2), row(100, 8)], [row(400, 2), row(400, 8)])
    assert 0.25 == fast == slow


def test_the_median_of_the_rounds_counts() -> None:
    """One round that was disturbed does not fail the check."""
    rows = [row(100, 1), row(100, 50), row(100, 1)]
    assert 0.25 == check.ratio(rows, [row(400, 1)] * 3)


def test_the_baseline_is_of_what_is_measured() -> None:
    """A subject that was renamed needs a new one."""
    baseline = msgspec.json.decode(check.BASELINE.read_bytes())
    assert set(check.NAMES) == set(baseline)
    assert set(check.NAMES) <= {subject.name for subject in all_subjects()}


def test_the_yardstick_is_the_same_work_each_time() -> None:
    """As many bytes, whenever it is done."""
    assert yardstick.work(2_000) == yardstick.work(2_000) > 0
