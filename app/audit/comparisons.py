"""What is compared with what, and how a difference is told."""

from dataclasses import dataclass, field
from typing import Any

from app.audit.warehouse import Warehouse


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two views of the same columns: ``expected_<view>`` (with ``must``) and ``found_<view>``.

    Attributes:
        name: What is compared, in the table's words.
        view: Of the views' names.
        keys: Columns that say which thing a row speaks of.
        values: Columns that say what it says of it.
    """

    name: str
    view: str
    keys: tuple[str, ...]
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the result.

    Attributes:
        stage: What was compared.
        expected: Records that must be there (or may, and are).
        found: Records that are there.
        missing: Expected records that are not there.
        extra: Records there that are not expected.
        duplicated: Expected records that are there once too often.
        differences: Things that are wrong: a wrong value is one missing and one extra, and one
            difference.
    """

    stage: str
    expected: int
    found: int
    missing: int = 0
    extra: int = 0
    duplicated: int = 0
    differences: int = 0


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is wrong.

    Attributes:
        comparison: What was compared.
        key: The key's columns.
        expected: Values that must be there and are not.
        found: Values that are there and must not.
        again: Values that are there too often.
    """

    comparison: Comparison
    key: dict[str, Any]
    expected: list[dict[str, Any]] = field(default_factory=list)
    found: list[dict[str, Any]] = field(default_factory=list)
    again: list[dict[str, Any]] = field(default_factory=list)


_KEYS_OF = {
    "input": ("q", "source_o"),
    "join": ("click_q", "click_o", "purchase_q", "purchase_o"),
}

#: There are none but where late records revise: then it is told only if there are any.
REVISIONS = Comparison(
    "table click-counts: revisions", "revision_rows", ("p", "user_id", "start_ms"), ("revision",)
)
COMPARISONS = (
    Comparison(
        "enriched-clicks",
        "enriched",
        _KEYS_OF["input"],
        ("user_id", "product_id", "event_ms", "stream_ms"),
    ),
    Comparison(
        "purchases-by-user",
        "admitted",
        _KEYS_OF["input"],
        ("user_id", "product_id", "event_ms", "stream_ms"),
    ),
    Comparison("dead-letters", "dead", ("source",)),
    Comparison("click-counts", "counts", ("user_id", "start_ms", "revision"), ("end_ms", "clicks")),
    Comparison(
        "late-events: clicks",
        "late_clicks",
        (*_KEYS_OF["input"], "user_id"),
        ("event_ms", "start_ms", "end_ms", "late_by_ms"),
    ),
    Comparison(
        "conversion-events",
        "conversions",
        (*_KEYS_OF["join"], "user_id"),
        ("product_id", "click_ms", "purchase_ms", "took_ms", "purchase_order", "revision"),
    ),
    Comparison(
        "unattributed-purchases",
        "unattributed",
        ("purchase_q", "purchase_o", "user_id"),
        ("product_id", "purchase_ms", "purchase_order", "revision"),
    ),
    Comparison(
        "late-events: join",
        "late_joins",
        ("kind", *_KEYS_OF["input"], "user_id"),
        ("event_ms", "late_by_ms"),
    ),
    Comparison("table click-counts", "count_rows", ("p", "user_id", "start_ms"), ("clicks",)),
    REVISIONS,
    Comparison(
        "table click-counts: windows", "window_rows", ("p", "start_ms"), ("clicks", "users", "late")
    ),
    Comparison(
        "table click-counts: products", "product_rows", ("p", "start_ms", "product_id"), ("clicks",)
    ),
    Comparison("table click-counts: pages", "page_rows", ("p", "start_ms", "page"), ("clicks",)),
    Comparison(
        "table join-state: clicks",
        "click_rows",
        ("p", *_KEYS_OF["input"], "user_id"),
        ("product_id", "event_ms", "bucket_ms", "late"),
    ),
    Comparison(
        "table join-state: purchases",
        "purchase_rows",
        ("p", *_KEYS_OF["input"], "user_id"),
        ("product_id", "event_ms", "matched", "late", "resolved"),
    ),
    Comparison(
        "table join-state: outcomes",
        "outcome_rows",
        ("p", *_KEYS_OF["join"], "user_id"),
        ("product_id", "click_ms", "purchase_ms", "hour_ms", "purchase_order", "revision"),
    ),
)

#: Compared when all of the traffic is.
WHOLE = (
    Comparison("stream times", "times", ("stage", "p"), ("s_ms",)),
    Comparison("ledgers", "ledgers", ("stage", "place", "name"), ("n",)),
)
#: Compared at rest, when all ledgers are whole.
SENT = Comparison("records in topics", "sent", ("topic",), ("records",))

#: Compared when a worker's address is given.
VIEWS = Comparison(
    "view of click-counts", "views", ("user_id", "start_ms"), ("end_ms", "clicks", "revision")
)


def compare(warehouse: Warehouse, comparison: Comparison) -> Line:
    """Compare; what is wrong stays in the table ``wrong_<view>``."""
    view = comparison.view
    columns = ", ".join((*comparison.keys, *comparison.values))
    keys = ", ".join(comparison.keys)
    warehouse.execute(f"""
        CREATE TABLE wrong_{view} AS
        WITH both_sides AS (
            SELECT {columns}, must::INTEGER AS must, 1 AS may, 0 AS found FROM expected_{view}
            UNION ALL
            SELECT {columns}, 0, 0, 1 FROM found_{view}
        ), counted AS (
            SELECT {columns}, sum(must) AS must, sum(may) AS may, sum(found) AS found
            FROM both_sides GROUP BY ALL
        )
        SELECT *, greatest(must - found, 0) AS missing,
            CASE WHEN may = 0 THEN found ELSE 0 END AS extra,
            CASE WHEN may > 0 THEN greatest(found - may, 0) ELSE 0 END AS duplicated
        FROM counted
        WHERE found NOT BETWEEN must AND may
    """)  # noqa: S608 all names are this module's own
    missing, extra, duplicated, differences = warehouse.one(f"""
        SELECT coalesce(sum(missing), 0), coalesce(sum(extra), 0), coalesce(sum(duplicated), 0),
            count(DISTINCT row({keys})) FROM wrong_{view}
    """)  # noqa: S608 as above
    [found] = warehouse.one(f"SELECT count(*) FROM found_{view}")  # noqa: S608 as above
    expected = found + missing - extra - duplicated
    return Line(comparison.name, expected, found, missing, extra, duplicated, differences)


def differences(warehouse: Warehouse, comparison: Comparison, limit: int) -> list[Difference]:
    """The first things that are wrong."""
    columns = (*comparison.keys, *comparison.values)
    selected = ", ".join(columns)
    keys = ", ".join(comparison.keys)
    rows = warehouse.rows(
        f"""SELECT {selected}, missing, extra, duplicated FROM wrong_{comparison.view}
        QUALIFY dense_rank() OVER (ORDER BY {keys}) <= ? ORDER BY {keys}""",  # noqa: S608 as above
        [limit],
    )
    found: dict[tuple[Any, ...], Difference] = {}
    width = len(comparison.keys)
    for *row, missing, extra, duplicated in rows:
        named = dict(zip(columns, row, strict=True))
        key = {name: named[name] for name in comparison.keys}
        values = {name: named[name] for name in comparison.values}
        difference = found.setdefault(tuple(row[:width]), Difference(comparison, key))
        for count, kinds in (
            (missing, difference.expected),
            (extra, difference.found),
            (duplicated, difference.again),
        ):
            if count:
                kinds.append(values)
    return list(found.values())
