"""Comparing two versions' tables, thing by thing."""

from collections.abc import Iterator, Mapping
from math import lcm
from typing import Any

from app.audit.states import NEVER_MS
from app.audit.warehouse import Warehouse
from app.diffing.gathering import Side
from app.diffing.result import Line
from app.diffing.things import TOTALS, Thing
from app.versions.rules import differing, rules_of

#: Of each side: the records in which it speaks of one thing.
Said = list[list[dict[str, Any]]]

#: Letters of the two sides' tables.
LETTERS = ("a", "b")
#: Stages as they call themselves in late events.
_STAGES = {"counting": "count", "joining": "join"}
#: How a difference is: which side is looked at, and the SQL that tells it.
WHATS: Mapping[str, tuple[str, str]] = {
    "only_a": ("a", "b.n IS NULL"),
    "only_b": ("b", "a.n IS NULL"),
    "other": ("a", "a.n > 0 AND b.n > 0 AND (a.least <> b.least OR a.most <> b.most)"),
    "twice_a": ("a", "a.n > 1"),
    "twice_b": ("b", "b.n > 1"),
}


def prepare(warehouse: Warehouse, sides: tuple[Side, Side]) -> None:
    """Make what the things' SQL calls by name."""
    one, other = sides
    for letter, side in zip(LETTERS, sides, strict=True):
        settings = side.settings
        _macro(warehouse, f"{letter}_grace_ms", settings.grace_ms)
        _macro(warehouse, f"{letter}_join_grace_ms", settings.join_grace)
        _macro(warehouse, f"{letter}_within_ms", settings.join_within_ms)
    _macro(warehouse, "closed_ms", min(one.closed_ms, other.closed_ms))
    _macro(warehouse, "resolved_ms", min(one.resolved_ms, other.resolved_ms))
    reach_ms = max(side.settings.join_within_ms for side in sides)
    _macro(warehouse, "reach_ms", reach_ms)
    _macro(warehouse, "stretch_ms", stretch_ms(sides))
    _put_frontiers(warehouse, sides)
    _macro(warehouse, "whole_ms", _whole_ms(warehouse, sides))
    _put_totals(warehouse)


def stretch_ms(sides: tuple[Side, Side]) -> int:
    """The shortest time that is whole windows of both."""
    return lcm(*(side.settings.window_size_ms for side in sides))


def _macro(warehouse: Warehouse, name: str, value: int) -> None:
    warehouse.execute(f"CREATE MACRO {name}() AS ({value})::BIGINT")


def _put_frontiers(warehouse: Warehouse, sides: tuple[Side, Side]) -> None:
    one, other = sides
    warehouse.execute("CREATE TABLE heard (stage VARCHAR, kind kind, q INTEGER, heard_ms BIGINT)")
    warehouse.append(
        "heard",
        [
            (_STAGES[stage], kind, q, min(ms, other.heard.get((stage, kind, q), NEVER_MS)))
            for (stage, kind, q), ms in one.heard.items()
        ],
    )
    warehouse.execute("CREATE TABLE reached (kind kind, q INTEGER, start BIGINT, read_to BIGINT)")
    warehouse.append(
        "reached",
        [
            (kind, q, max(start, other.starts.get((kind, q), start)), _read_to(sides, kind, q))
            for (kind, q), start in one.starts.items()
        ],
    )


def _read_to(sides: tuple[Side, Side], kind: str, q: int) -> int:
    return min(side.read_to.get((kind, q), 0) for side in sides)


def _whole_ms(warehouse: Warehouse, sides: tuple[Side, Side]) -> int:
    """Event time from which on both have had all records.

    Where one begins to read an input partition later, all that it lacks lies before the stream time
    that the other had there; and from there on both have the same stream time.
    """
    one, other = sides
    whole_ms = NEVER_MS
    for (kind, q), start in one.starts.items():
        theirs = other.starts.get((kind, q), start)
        if start != theirs:
            letter = LETTERS[start > theirs]
            [ms] = warehouse.one(
                f"SELECT coalesce(min(stream_ms) FILTER (o >= $1), max(stream_ms)) "  # noqa: S608 a or b
                f"FROM {letter}_inner_told WHERE kind = $2 AND q = $3",
                [max(start, theirs), kind, q],
            )
            whole_ms = max(whole_ms, NEVER_MS if ms is None else ms)
    return whole_ms


def _put_totals(warehouse: Warehouse) -> None:
    """Clicks by user and stretch, and whose windows had other late clicks in one of them."""
    for letter in LETTERS:
        warehouse.execute(f"""
            CREATE TABLE {letter}_totals AS
            SELECT user_id, start_ms - start_ms % stretch_ms() AS start_ms,
                sum(clicks) AS clicks
            FROM (SELECT user_id, start_ms, max_by(clicks, revision) AS clicks
                FROM {letter}_count_sent GROUP BY user_id, start_ms)
            GROUP BY ALL
        """)  # noqa: S608 a or b
    late = "SELECT user_id, event_ms, q, o FROM {}_late_told WHERE stage = 'count'"
    one, other = (late.format(letter) for letter in LETTERS)
    warehouse.execute(f"""
        CREATE TABLE late_otherwise AS
        SELECT DISTINCT user_id, event_ms - event_ms % stretch_ms() AS start_ms
        FROM (({one} EXCEPT {other}) UNION ALL ({other} EXCEPT {one}))
    """)  # noqa: S608 as above


def compare(warehouse: Warehouse, thing: Thing, sides: tuple[Side, Side]) -> Line:
    """Compare; what differs stays in the table ``differing``, with what and why."""
    keys = ", ".join(thing.keys)
    for letter in LETTERS:
        warehouse.execute(f"""
            CREATE OR REPLACE TEMP TABLE {letter} AS
            SELECT {keys}, count(*) AS n, min(hash({", ".join(thing.values)})) AS least,
                max(hash({", ".join(thing.values)})) AS most
            FROM {letter}_{thing.table} t WHERE {thing.final} GROUP BY {keys}
        """)  # noqa: S608 all names are this package's own
    warehouse.execute("DROP TABLE IF EXISTS differing")
    warehouse.execute(
        "CREATE TEMP TABLE differing AS "
        + " UNION ALL BY NAME ".join(_differing(thing, sides))  # as above
    )
    found = tuple(warehouse.one(f"SELECT coalesce(sum(n), 0) FROM {x}")[0] for x in LETTERS)  # noqa: S608 a or b
    [wrong] = warehouse.one("SELECT count(*) FROM differing")
    return Line(thing.name, (found[0], found[1]), wrong)


def _differing(thing: Thing, sides: tuple[Side, Side]) -> Iterator[str]:
    one, other = sides
    rules = differing(rules_of(one.settings), rules_of(other.settings))
    differ = {name: str(name in rules).lower() for name in rules_of(one.settings)}
    keys = ", ".join(thing.keys)
    # A sum lacks what retention deleted: it is other, not gone.
    deleted = {"only_b": [one], "only_a": [other], "other": [*sides] if thing is TOTALS else []}
    for what, (x, test) in WHATS.items():
        if any(side.shortened.intersection(thing.topics) for side in deleted.get(what, ())):
            continue
        y = "b" if x == "a" else "a"
        cases = "".join(
            f"WHEN {test} THEN '{reason}' "
            for reason, test in (
                (reason, sql.format(x=x, y=y, differ=differ)) for reason, sql in thing.why
            )
        )
        why = f"CASE {cases} ELSE 'unexplained' END" if "twice" not in what else "'twice'"
        yield f"""
            SELECT '{what}' AS what, {why} AS why, x.*
            FROM (FROM {x}_{thing.table} QUALIFY row_number() OVER (PARTITION BY {keys}) = 1) x
            SEMI JOIN (SELECT {keys} FROM a FULL JOIN b USING ({keys}) WHERE {test}) USING ({keys})
        """  # noqa: S608 as above


def examples(
    warehouse: Warehouse, thing: Thing, what: str, why: str, limit: int
) -> list[tuple[dict[str, Any], Said]]:
    """Some things that differ: the keys, and what each side says of them."""
    keys = ", ".join(thing.keys)
    rows = warehouse.rows(
        f"SELECT {keys} FROM differing WHERE what = ? AND why = ? ORDER BY ALL LIMIT ?",  # noqa: S608 as above
        [what, why, limit],
    )
    found = []
    for row in rows:
        told = [_said(warehouse, thing, letter, row) for letter in LETTERS]
        found.append((dict(zip(thing.keys, row, strict=True)), told))
    return found


def _said(
    warehouse: Warehouse, thing: Thing, letter: str, row: tuple[Any, ...]
) -> list[dict[str, Any]]:
    more = ("p", "inner_o") if thing.table == "inner_told" else ()
    columns = (*thing.values, *more)
    same = " AND ".join(f"{key} IS NOT DISTINCT FROM ?" for key in thing.keys)
    rows = warehouse.rows(
        f"SELECT {', '.join(columns)} FROM {letter}_{thing.table} WHERE {same}",  # noqa: S608 as above
        list(row),
    )
    return [dict(zip(columns, row, strict=True)) for row in rows]
