"""The audit's SQL of rows that speak of windows as a whole, and of what came of purchases."""

from pathlib import Path
from typing import Any

import pytest

from app.audit.changelogs import decode_tables
from app.audit.rules import Choice
from models.rankings import page_name
from tests.app.audit_tables import HOUR, MINUTE, T10_00, Tables


@pytest.fixture
def make(tmp_path: Path) -> Any:
    """Makes tables."""

    def tables(**options: Any) -> Tables:
        return Tables(tmp_path, **options)

    return tables


def hour_of_clicks(tables: Tables) -> None:
    """Two clicks of u, one of v and a late one in the window of 10:00."""
    for user, page in (("u", "/a"), ("u", "/a"), ("v", None)):
        tables.click(T10_00, user, product="p", page=page)
    tables.click(T10_00, "w", product="p", page="/a", stream_ms=T10_00 + 7 * MINUTE)
    tables.computed()


def test_a_window_has_its_clicks_its_users_and_its_late_clicks(make: Any) -> None:
    """A late click is of no user and no ranking."""
    tables = make()
    hour_of_clicks(tables)
    expected = [(T10_00, 3, 2, 1)]
    assert expected == tables.expected("window_rows", "start_ms", "clicks", "users", "late")
    assert [("p", 3)] == tables.expected("product_rows", "product_id", "clicks")
    assert [("/a", 2)] == tables.expected("page_rows", "page", "clicks")


@pytest.mark.parametrize(
    ("rankings", "kept"), [("none", (0, 0)), ("pages", (0, 1)), ("products", (1, 0))]
)
def test_rankings_that_are_not_kept_are_not_expected(
    make: Any, rankings: str, kept: tuple[int, int]
) -> None:
    """Pages are then not even read from the inner topic."""
    tables = make(settings={"RANKINGS": rankings})
    page = "/a" if kept[1] else None
    tables.click(T10_00, product="p", page=page)
    tables.computed()
    views = "product_rows", "page_rows"
    assert kept == tuple(len(tables.expected(view, "clicks")) for view in views)


@pytest.mark.parametrize(("lacked_ms", "late"), [(HOUR - 1, [1]), (HOUR, [])])
def test_a_click_that_lacked_the_retention_is_late_for_no_window(
    make: Any, lacked_ms: int, late: list[int]
) -> None:
    """Its window has expired."""
    tables = make(settings={"RETENTION": "1h"})
    tables.click(T10_00, stream_ms=T10_00 + 7 * MINUTE + lacked_ms)
    tables.computed()
    assert late == tables.expected("window_rows", "late")


@pytest.mark.parametrize(("s_ms", "rows"), [(24 * HOUR - 1, 1), (24 * HOUR, 0)])
def test_rows_of_a_window_stay_until_retention_is_over(make: Any, s_ms: int, rows: int) -> None:
    """A day after 10:07 none must be there any more."""
    tables = make(s_ms=T10_00 + 7 * MINUTE + s_ms)
    hour_of_clicks(tables)
    for view in ("window_rows", "product_rows", "page_rows"):
        assert rows == len(tables.expected(view, "clicks"))


@pytest.mark.parametrize(
    ("choice", "rows"),
    [(Choice(users=("u",)), [3]), (Choice(from_ms=T10_00 + 1), []), (Choice(to_ms=T10_00), [])],
)
def test_a_window_is_that_of_all_users_whoever_is_chosen(
    make: Any, choice: Choice, rows: list[int]
) -> None:
    """Of the times that are chosen."""
    tables = make(choice=choice)
    hour_of_clicks(tables)
    assert rows == tables.expected("window_rows", "clicks")


PAGES = ["/", "/a?b#c", "/a#b?c", "?x", "", "x" * 512, "x" * 513, "é" * 300, "a" * 511 + "é"]
PAGES += ["👨‍👩‍👧" * 60, "e\u0301" * 300, "a\nb?c"]


@pytest.mark.parametrize("page", PAGES)
def test_sql_cuts_a_page_as_the_stage_does(make: Any, page: str) -> None:
    """Two programs, one rule."""
    [cut] = make().warehouse.one("SELECT page_name(?)", [page])
    assert page_name(page) == cut.encode()


@pytest.mark.parametrize(
    ("attribution", "w_ms", "purchases"),
    [("all", 0, 1), ("all", 1, 2), ("last", 0, 0), ("last", 1, 2)],
)
def test_what_came_of_a_purchase_is_in_the_table_from_when_it_is_emitted(
    make: Any, attribution: str, w_ms: int, purchases: int
) -> None:
    """A pair at once, or when W has passed the purchase; an unattributed one then."""
    tables = make(s_ms=T10_00 + 2 * MINUTE + w_ms, settings={"ATTRIBUTION": attribution})
    click = tables.click(T10_00, product="p")
    paired, alone = tables.purchase(T10_00), tables.purchase(T10_00, product="other")
    tables.computed()
    expected = [(click, paired, T10_00), (None, alone, T10_00)][:purchases]
    assert expected == tables.expected("outcome_rows", "click_o", "purchase_o", "hour_ms")


@pytest.mark.parametrize(("w_ms", "rows"), [(2 * HOUR - 1, 1), (2 * HOUR, 0)])
def test_an_outcome_stays_until_w_reaches_its_hours_end_plus_retention(
    make: Any, w_ms: int, rows: int
) -> None:
    """That of 10:30 until 11:00 and another hour."""
    settings = {"RETENTION": "1h", "JOIN_GRACE": "0s"}
    tables = make(s_ms=T10_00 + w_ms, settings=settings)
    tables.purchase(T10_00 + 30 * MINUTE)
    tables.computed()
    assert rows == len(tables.expected("outcome_rows", "purchase_o"))


def test_a_row_of_no_known_kind_is_a_row_of_nobody(make: Any) -> None:
    """So is one whose value can't be read: it is not expected, and found."""
    tables = make()
    put = tables.warehouse.append
    changes = [(b"s" + bytes(8), b"{"), (b"i" + bytes(8) + b"p", b"x"), (b"x", b"1")]
    put("change", [("counting", 0, n, *change) for n, change in enumerate(changes)])
    put("change", [("joining", 0, 0, b"o", b"{}"), ("joining", 0, 1, b"x", b"")])
    decode_tables(tables.warehouse)
    for table in ("window_row", "product_row", "count_row", "outcome_row", "click_row"):
        [row] = tables.warehouse.rows(f"FROM {table}")
        assert (0, {None}) == (row[0], set(row[1:])), table
