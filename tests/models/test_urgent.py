"""Laws of what readers of the outputs wait for: the rest may share a transaction."""

import pytest

from models.counting import Counting
from models.intake import CLICKS, Intake, IntakeRules
from models.join import JoinRules
from models.joining import Joining
from models.stage import Rows, Stage
from models.watermark import StreamTime
from models.windows import WindowRules
from tests.models.fakes import BY_USER, HOUR, MINUTE, SECOND, Record, Task, at, idle, inner
from tests.models.fakes import watermark as heard

TIMEOUT = 30 * SECOND


def counting(clock: str) -> Stage:
    """The counting stage, after both its input partitions came to a time."""

    def create(rows: Rows) -> Stage:
        rules = WindowRules(5 * MINUTE, 2 * MINUTE, HOUR)
        return Counting(rules, StreamTime({"clicks": 2}, TIMEOUT), rows)

    task = Task(create)
    task.run([heard(q, at(clock)) for q in ("clicks-0", "clicks-1")])
    return task.stage


def joining() -> Stage:
    """The joining stage."""
    rules = JoinRules(HOUR, 2 * MINUTE, HOUR)
    time = StreamTime({"clicks": 1, "purchases": 1}, TIMEOUT)
    return Task(lambda rows: Joining(rules, time, rows, BY_USER)).stage


def test_each_record_of_an_input_is_waited_for() -> None:
    """It becomes an enriched click, or a purchase that the join waits for."""
    intake = Intake(CLICKS, IntakeRules("enriched-clicks", 8, HOUR, 500, TIMEOUT), "clicks-0")
    assert [True, False] == [intake.urgent(records) for records in ([Record("clicks")], [])]


@pytest.mark.parametrize(("before_ms", "closes"), [(1, False), (0, True)])
def test_counts_are_waited_for_once_an_input_partition_has_passed_a_window(
    before_ms: int, closes: bool
) -> None:
    """Whether it is the last one is seen when its records are taken."""
    told = heard("clicks-1", at("10:07") - before_ms)
    assert closes is counting("10:04").urgent([told])


def test_clicks_and_signals_within_a_window_bring_no_count() -> None:
    """Idleness is told again and again."""
    click, told = inner("u", at("10:09")), heard("clicks-0", at("10:09"))
    assert not counting("10:08").urgent([click, told, idle("clicks-1", TIMEOUT)])


def test_a_purchase_is_waited_for_and_a_click_is_not() -> None:
    """The clicks of a purchase have come before it, as a rule."""
    click, purchase = inner("u", at("10:00")), inner("u", at("10:00"), "purchases-0-0")
    signal = heard("purchases-0", at("10:00"))
    assert joining().urgent([click, purchase])
    assert not joining().urgent([click, signal])
