"""The audit's SQL, rule by rule, on small hand-made logs."""

from pathlib import Path
from typing import Any

import pytest

from app.audit.comparisons import Comparison, compare, differences
from app.audit.rules import Choice
from tests.app.audit_tables import HOUR, MINUTE, T10_00, Tables


@pytest.fixture
def make(tmp_path: Path) -> Any:
    """Makes tables."""

    def tables(**options: Any) -> Tables:
        return Tables(tmp_path, **options)

    return tables


def test_a_window_holds_its_start_and_not_its_end(make: Any) -> None:
    """10:00 to 10:05 counts a click at 10:00 and one at 10:04:59.999, not one at 10:05."""
    tables = make(s_ms=T10_00 + HOUR)
    for at in (T10_00, T10_00 + 5 * MINUTE - 1, T10_00 + 5 * MINUTE):
        tables.click(at)
    tables.computed()
    expected = [(T10_00, 2), (T10_00 + 5 * MINUTE, 1)]
    assert expected == tables.expected("counts", "start_ms", "clicks")


@pytest.mark.parametrize(("s_ms", "closed"), [(7 * MINUTE - 1, 0), (7 * MINUTE, 1)])
def test_a_window_closes_when_stream_time_reaches_its_end_plus_grace(
    make: Any, s_ms: int, closed: int
) -> None:
    """10:00-10:05 with two minutes of grace closes at 10:07, not before."""
    #            end      stream time
    # [10:00-----10:05)   10:07
    tables = make(s_ms=T10_00 + s_ms)
    tables.click(T10_00)
    tables.computed()
    assert closed == len(tables.expected("counts", "user_id"))


@pytest.mark.parametrize(("stream_ms", "late"), [(7 * MINUTE - 1, []), (7 * MINUTE, [0])])
def test_a_click_is_late_by_the_stream_time_of_its_own_partition(
    make: Any, stream_ms: int, late: list[int]
) -> None:
    """Late from 10:07 on, by what it lacked: nothing; before that it is counted."""
    tables = make(s_ms=T10_00 + HOUR)
    tables.click(T10_00, stream_ms=T10_00 + stream_ms)
    tables.computed()
    assert late == tables.expected("late_clicks", "late_by_ms")
    assert 1 - len(late) == len(tables.expected("counts", "clicks"))


def test_a_click_behind_the_stage_is_late_by_what_it_lacked_to_it(make: Any) -> None:
    """Its partition was idle; the stage stood at 10:10, three minutes past the end of grace."""
    tables = make(s_ms=T10_00 + HOUR)
    o = tables.click(T10_00)
    tables.warehouse.append("pushed", [("counting", "clicks", 0, o, T10_00 + 10 * MINUTE)])
    tables.computed()
    assert [3 * MINUTE] == tables.expected("late_clicks", "late_by_ms")


def test_bots_count_unless_they_are_not_wanted_and_then_are_not_late_either(make: Any) -> None:
    """COUNT_BOTS=false leaves the bot's click out of everything."""
    for count_bots, expected in (("true", ([2], 1)), ("false", ([1], 0))):
        tables = make(s_ms=T10_00 + HOUR, settings={"COUNT_BOTS": count_bots})
        tables.click(T10_00)
        tables.click(T10_00, bot=True)
        tables.click(T10_00, bot=True, stream_ms=T10_00 + HOUR)
        tables.computed()
        found = tables.expected("counts", "clicks"), len(tables.expected("late_clicks", "q"))
        assert expected == found


def test_late_records_are_not_expected_when_they_are_discarded(make: Any) -> None:
    """LATE_POLICY=discard: no late event of either stage."""
    tables = make(s_ms=T10_00 + HOUR, settings={"LATE_POLICY": "discard"})
    tables.click(T10_00, product="p", stream_ms=T10_00 + HOUR)
    tables.computed()
    assert [] == tables.expected("late_clicks", "q") + tables.expected("late_joins", "q")


def test_a_closed_window_stays_in_the_table_until_retention_is_over(make: Any) -> None:
    """A day after 10:07 it must not be there any more; a millisecond before it must."""
    day = 24 * HOUR + 7 * MINUTE
    for s_ms, rows in ((day - 1, 1), (day, 0)):
        tables = make(s_ms=T10_00 + s_ms)
        tables.click(T10_00)
        tables.computed()
        assert rows == len(tables.expected("count_rows", "user_id"))


@pytest.mark.parametrize(
    ("after_ms", "pairs"), [(-1, 0), (0, 1), (HOUR - 1, 1), (HOUR, 0), (HOUR + 1, 0)]
)
def test_click_and_purchase_match_within_an_hour_and_not_before(
    make: Any, after_ms: int, pairs: int
) -> None:
    """0 <= purchase - click < 1 h."""
    tables = make(s_ms=T10_00)
    tables.click(T10_00, product="p")
    tables.purchase(T10_00 + after_ms)
    tables.computed()
    assert [after_ms] * pairs == tables.expected("conversions", "took_ms")


def test_only_the_same_user_and_product_match(make: Any) -> None:
    """Another user's click, another product's and one without a product do not."""
    tables = make(s_ms=T10_00 + HOUR)
    tables.click(T10_00, "v", product="p")
    tables.click(T10_00, product="o")
    tables.click(T10_00)
    o = tables.purchase(T10_00)
    tables.computed()
    assert [] == tables.expected("conversions", "took_ms")
    assert [o] == tables.expected("unattributed", "purchase_o")


@pytest.mark.parametrize(("stream_ms", "late"), [(2 * MINUTE, []), (2 * MINUTE + 1, [1])])
def test_a_record_is_late_for_the_join_when_it_is_behind_by_more_than_grace(
    make: Any, stream_ms: int, late: list[int]
) -> None:
    """Where t + grace < streamTime; then it matches nothing."""
    tables = make(s_ms=T10_00)
    tables.click(T10_00, product="p", stream_ms=T10_00 + stream_ms)
    tables.purchase(T10_00)
    tables.computed()
    assert late == tables.expected("late_joins", "late_by_ms")
    assert 1 - len(late) == len(tables.expected("conversions", "took_ms"))


@pytest.mark.parametrize(("s_ms", "done"), [(2 * MINUTE, 0), (2 * MINUTE + 1, 1)])
def test_a_purchase_is_done_with_when_w_has_passed_it(make: Any, s_ms: int, done: int) -> None:
    """W = S - grace > t: then it is unattributed, and leaves the table."""
    tables = make(s_ms=T10_00 + s_ms)
    tables.purchase(T10_00)
    tables.computed()
    assert done == len(tables.expected("unattributed", "purchase_o"))
    assert 1 - done == len(tables.expected("purchase_rows", "source_o"))


def test_a_purchases_order_is_all_its_fields_but_ours(make: Any) -> None:
    """User, product, times and source are told elsewhere."""
    tables = make(s_ms=T10_00 + HOUR)
    tables.purchase(T10_00)
    tables.computed()
    assert ['{"orderId":7}'] == tables.expected("unattributed", "purchase_order")


@pytest.mark.parametrize(
    ("attribution", "expected"), [("all", [1, 2, 3, 4]), ("last", [4]), ("first", [1])]
)
def test_attribution_takes_every_click_or_the_last_or_the_first(
    make: Any, attribution: str, expected: list[int]
) -> None:
    """Of two clicks at one time the one of the higher input partition is the last."""
    tables = make(s_ms=T10_00 + HOUR, settings={"ATTRIBUTION": attribution})
    for at_ms, q in ((0, 0), (1, 1), (2, 0), (2, 1)):
        tables.click(T10_00 + at_ms, product="p", q=q)
    tables.purchase(T10_00 + 2)
    tables.computed()
    assert expected == tables.expected("conversions", "click_o")


def test_attribution_to_one_click_waits_until_the_purchase_is_done_with(make: Any) -> None:
    """A later click could still take it."""
    tables = make(s_ms=T10_00, settings={"ATTRIBUTION": "last"})
    tables.click(T10_00, product="p")
    tables.purchase(T10_00)
    tables.computed()
    assert [] == tables.expected("conversions", "took_ms")


@pytest.mark.parametrize(
    ("choice", "users"),
    [
        (Choice(), ["u", "v"]),
        (Choice(users=("v", "it's")), ["v"]),
        (Choice(from_ms=T10_00 + 1), []),
        (Choice(to_ms=T10_00), []),
        (Choice(from_ms=T10_00, to_ms=T10_00 + 1), ["u", "v"]),
    ],
)
def test_a_choice_leaves_out_what_is_not_asked_for(
    make: Any, choice: Choice, users: list[str]
) -> None:
    """Users and event times; the rules see everything all the same."""
    tables = make(s_ms=T10_00 + HOUR, choice=choice)
    tables.click(T10_00, "u")
    tables.click(T10_00, "v")
    tables.computed()
    assert users == tables.expected("counts", "user_id")


THINGS = Comparison("things", "things", ("k",), ("v",))


@pytest.mark.parametrize(
    ("expected", "found", "wrong"),
    [
        ([("a", 1, True)], [("a", 1)], (0, 0, 0, 0)),
        ([("a", 1, True)], [], (1, 0, 0, 1)),
        ([], [("a", 1)], (0, 1, 0, 1)),
        ([("a", 1, True)], [("a", 2)], (1, 1, 0, 1)),
        ([("a", 1, True)], [("a", 1), ("a", 1), ("a", 1)], (0, 0, 2, 1)),
        ([("a", 1, True), ("a", 1, True)], [("a", 1)], (1, 0, 0, 1)),
        ([("a", 1, False)], [], (0, 0, 0, 0)),
        ([("a", 1, False)], [("a", 1)], (0, 0, 0, 0)),
        ([], [(None, None)], (0, 1, 0, 1)),
    ],
)
def test_what_must_be_there_is_and_nothing_but_what_may(
    make: Any, expected: list[Any], found: list[Any], wrong: tuple[int, ...]
) -> None:
    """Missing, extra and duplicated records, and how many things are wrong."""
    warehouse = make().warehouse
    warehouse.execute("CREATE TABLE expected_things (k VARCHAR, v INTEGER, must BOOLEAN)")
    warehouse.execute("CREATE TABLE found_things (k VARCHAR, v INTEGER)")
    warehouse.append("expected_things", expected)
    warehouse.append("found_things", found)
    line = compare(warehouse, THINGS)
    assert wrong == (line.missing, line.extra, line.duplicated, line.differences)
    assert line.differences == len(differences(warehouse, THINGS, 5))
