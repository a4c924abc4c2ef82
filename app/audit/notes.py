"""What is to be said beside differences: what was not compared, and why."""

from collections.abc import Iterator

from app.audit.gathering import Gathered
from app.audit.rules import Rules
from app.audit.times import Times
from app.audit.warehouse import Warehouse
from app.topics import INNER, INPUTS, OUTPUTS


def notes_of(warehouse: Warehouse, rules: Rules, found: Gathered, times: Times) -> list[str]:
    """All notes but those of the ledgers."""
    return [
        *_on_the_way(warehouse, found),
        *_shortened(rules, found),
        *_believed(warehouse, times),
        *_others(warehouse),
    ]


def _on_the_way(warehouse: Warehouse, found: Gathered) -> Iterator[str]:
    if found.waiting:
        yield f"{found.waiting:,} input records are on the way: the intake has not read them yet."
    for stage, records in warehouse.rows(
        "SELECT stage, count(*) FROM passed c JOIN position s ON s.moment = 2 AND s.p = c.p "
        "AND s.kind = c.kind AND c.o >= s.upto GROUP BY stage ORDER BY stage"
    ):
        yield f"{records:,} inner records are on the way: {stage} has not read them yet."
    if not found.at_rest:
        yield (
            "The application was at work while the logs were read: what it did meanwhile may be "
            "there already, and is right if it is."
        )
    for what, p in warehouse.rows("SELECT what, p FROM first_left ORDER BY ALL"):
        yield f"Partition {p} has {what} left to close or delete; a worker will go on with it."


def _shortened(rules: Rules, found: Gathered) -> Iterator[str]:
    for short in (*INPUTS, *INNER, *OUTPUTS):
        if deleted := sum(found.starts[short].values()):
            yield (
                f"Retention has deleted {deleted:,} offsets of {rules.topic(short)}: what "
                "depends on them is not compared."
            )


def _believed(warehouse: Warehouse, times: Times) -> Iterator[str]:
    [records] = warehouse.one(
        "SELECT count(*) FROM returned_verdict "
        "WHERE greatest(late_by_ms, 0) <> greatest(by_order_ms, 0)"
    )
    if records or times.believed:
        yield (
            f"The join is believed about {records:,} records that came back from idleness, and "
            f"about {times.believed} stream times: they depend on how its inputs interleaved."
        )


def _others(warehouse: Warehouse) -> Iterator[str]:
    [letters] = warehouse.one(
        "SELECT (SELECT count(*) FROM dead_letter) - (SELECT count(*) FROM found_dead)"
    )
    if letters:
        yield f"{letters:,} dead letters are of no input record (lines of loaded files, say)."
