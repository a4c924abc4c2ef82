"""The audit's SQL where late records revise, rule by rule, on small hand-made logs."""

from pathlib import Path
from typing import Any

import pytest

from tests.app.audit_tables import HOUR, MINUTE, T10_00, Tables

REVISE = {"LATE_POLICY": "revise", "REVISE_HORIZON": "10m"}
#: 10:00-10:05 closes at 10:07.
CLOSED = T10_00 + 7 * MINUTE


@pytest.fixture
def make(tmp_path: Path) -> Any:
    """Makes tables."""

    def tables(s_ms: int = T10_00 + HOUR) -> Tables:
        return Tables(tmp_path, s_ms=s_ms, settings=REVISE)

    return tables


def test_each_late_click_within_the_horizon_is_a_revision(make: Any) -> None:
    """One on time, two late by nothing and by almost ten minutes; one more is a late event."""
    tables = make()
    tables.click(T10_00)
    for late_ms in (0, 10 * MINUTE - 1, 10 * MINUTE):
        tables.click(T10_00, stream_ms=CLOSED + late_ms)
    tables.computed()
    expected = [(0, 1), (1, 2), (2, 3)]
    assert expected == tables.expected("counts", "revision", "clicks")
    assert [2] == tables.expected("revision_rows", "revision")
    assert [10 * MINUTE] == tables.expected("late_clicks", "late_by_ms")


def test_late_clicks_alone_have_no_final_count(make: Any) -> None:
    """The first revision says one."""
    tables = make()
    tables.click(T10_00, stream_ms=CLOSED)
    tables.computed()
    assert [(1, 1)] == tables.expected("counts", "revision", "clicks")


def test_revisions_wait_for_the_closing(make: Any) -> None:
    """Late by its own partition; the stage stands at 10:04."""
    tables = make(s_ms=T10_00 + 4 * MINUTE)
    tables.click(T10_00, stream_ms=CLOSED)
    tables.computed()
    assert [] == tables.expected("counts", "revision")
    assert [1] == tables.expected("revision_rows", "revision")


@pytest.mark.parametrize("late_click", [0, 1])
@pytest.mark.parametrize("late_purchase", [0, 1])
def test_a_pair_is_a_revision_if_either_is_late(
    make: Any, late_click: int, late_purchase: int
) -> None:
    """And a purchase without a click on time is unattributed: a revision if it is late itself."""
    tables = make()
    tables.click(T10_00, product="p", stream_ms=T10_00 + late_click * 3 * MINUTE)
    tables.purchase(T10_00, stream_ms=T10_00 + late_purchase * 12 * MINUTE)
    tables.computed()
    assert [late_click | late_purchase] == tables.expected("conversions", "revision")
    assert [late_purchase] * late_click == tables.expected("unattributed", "revision")
    assert [] == tables.expected("late_joins", "late_by_ms")


def test_the_join_takes_nothing_beyond_the_horizon(make: Any) -> None:
    """Two minutes of grace and ten more: a millisecond beyond that is a late event."""
    tables = make()
    tables.click(T10_00, product="p", stream_ms=T10_00 + 12 * MINUTE + 1)
    tables.purchase(T10_00)
    tables.computed()
    assert [] == tables.expected("conversions", "revision")
    assert [10 * MINUTE + 1] == tables.expected("late_joins", "late_by_ms")


def test_rows_of_the_join_are_kept_for_the_horizon_and_say_what_was_late(make: Any) -> None:
    """W = 10:10: a purchase of 10:00 is still there, resolved; one of 9:59 is gone."""
    tables = make(s_ms=T10_00 + 12 * MINUTE)
    tables.click(T10_00, product="p", stream_ms=T10_00 + 3 * MINUTE)
    for at_ms in (T10_00 - MINUTE, T10_00, T10_00 + 10 * MINUTE):
        tables.purchase(at_ms)
    tables.computed()
    expected = [(T10_00, True, False), (T10_00 + 10 * MINUTE, False, False)]
    assert expected == tables.expected("purchase_rows", "event_ms", "resolved", "matched")
    assert [(True, True)] == tables.expected("click_rows", "late", "must")
