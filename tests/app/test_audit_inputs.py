"""How the audit reads input records: by SQL, and where that is in doubt by the standard library."""

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.audit.arrivals import Arrivals, input_row
from app.audit.judge import judge
from app.audit.rules import Choice, Rules
from app.audit.warehouse import Warehouse
from app.settings import Settings
from models.errors import RecordRejected
from models.records import parse_click, parse_purchase
from tests.nasty import FUTURE_SKEW_MS, RECORD_MS, Fate, corpus

KINDS = ("clicks", "purchases")
#: What DuckDB takes for JSON, or reads otherwise: numbers that are none, a comma at the end, and of
#: two fields of one name the first.
LENIENT = {
    "array trailing comma",
    "duplicate by escape",
    "duplicate, the last is null",
    "duplicate, the last is wrong",
    "number: NaN in a field",
    "number: infinity",
    "number: minus NaN",
    "number: minus infinity",
    "trailing comma",
}
CORPUS = corpus()


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Warehouse]:
    """An empty warehouse."""
    made = Warehouse(tmp_path, Rules(Settings()).constants(), Choice())
    yield made
    made.close()


def record(offset: int, value: bytes | None) -> Any:
    """An input record."""
    return SimpleNamespace(
        partition=0, offset=offset, timestamp=RECORD_MS, key=None, value=value, headers=()
    )


def read_by_sql(warehouse: Warehouse, kind: str, values: list[bytes | None]) -> list[Any]:
    """What SQL reads: user, product, time and whether it needs no second look."""
    arrivals = Arrivals(warehouse, "read_input", kind, input_row)
    arrivals.take(None, [record(o, value) for o, value in enumerate(values)])
    arrivals.flush()
    return warehouse.rows("SELECT user_id, product_id, event_ms, readable FROM input ORDER BY o")


def judged(kind: str, value: bytes | None) -> tuple[Any, ...]:
    """What judge.py says: user, product and time; nothing of a dead letter."""
    verdict = judge(kind, value, RECORD_MS, FUTURE_SKEW_MS)
    return (verdict.user_id, verdict.product_id, verdict.event_ms) if verdict.good else ()


def accepted(kind: str, value: bytes | None) -> tuple[Any, ...]:
    """What the application makes of it: the same."""
    parse = parse_click if kind == "clicks" else parse_purchase
    try:
        item = parse(value, RECORD_MS, FUTURE_SKEW_MS)
    except RecordRejected:
        return ()
    return item.user_id, item.product_id, item.timestamp_ms


@pytest.mark.parametrize("kind", KINDS)
def test_a_record_is_judged_as_the_corpus_says(kind: str) -> None:
    """Whatever is nasty about it: a dead letter, or what is passed on."""
    wrong = [
        nasty.name
        for nasty in CORPUS
        if isinstance(nasty.fates[kind], str) == bool(judged(kind, nasty.value))
        or not _says(judged(kind, nasty.value), nasty.fates[kind])
    ]
    assert [] == wrong


def _says(meaning: tuple[Any, ...], fate: Fate) -> bool:
    """Whether user and product are those that the corpus expects."""
    if isinstance(fate, str):
        return not meaning
    fields = dict(zip(("userId", "productId"), meaning, strict=False))
    return all(fields[name] == fate[name] for name in fields if name in fate)


@pytest.mark.parametrize("kind", KINDS)
def test_what_sql_reads_needs_no_second_look(warehouse: Warehouse, kind: str) -> None:
    """All that SQL calls readable means the same to the application.

    But for what DuckDB is lenient about: the application makes a dead letter of it, or reads it
    otherwise, and whatever is in the dead letters or differs is looked at again.
    """
    read = read_by_sql(warehouse, kind, [nasty.value for nasty in CORPUS])
    wrong = {
        nasty.name
        for nasty, (*meaning, readable) in zip(CORPUS, read, strict=True)
        if readable and tuple(meaning) != accepted(kind, nasty.value)
    }
    assert LENIENT == wrong


def test_most_ordinary_records_need_no_second_look(warehouse: Warehouse) -> None:
    """Ids as text or integers, times as text or epoch ms, nested fields, escapes."""
    values: list[bytes | None] = [
        b'{"userId":"u","timestamp":"2024-01-01T00:00:00.123Z","page":"/","userAgent":"x"}',
        b'{"userId":7,"timestamp":1704067200123,"productId":9,"page":null}',
        b'{"userId":"a\\u0000b","timestamp":"2024-01-01T00:00:00","cart":[{"a":[1]}]}',
    ]
    ms = RECORD_MS
    assert [
        ("u", None, ms + 123, True),
        ("7", "9", ms + 123, True),
        ("a\0b", None, ms, True),
    ] == read_by_sql(warehouse, "clicks", values)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats()
    | st.text(max_size=3)
    | st.sampled_from(["2024-01-01", "2024-01-01T00:00+02:00", "20240101T000000Z", "1999-12-31"]),
    lambda inside: st.lists(inside, max_size=2) | st.dictionaries(st.text(max_size=2), inside),
    max_leaves=4,
)
NAMES = st.sampled_from(["userId", "productId", "timestamp", "page", "userAgent", "other"])


@given(kind=st.sampled_from(KINDS), fields=st.lists(st.tuples(NAMES, JSON), max_size=7))
def test_the_judge_and_the_application_agree_without_sharing_code(
    kind: str, fields: list[tuple[str, Any]]
) -> None:
    """On objects of any fields, repeated ones too."""
    body = ",".join(f"{json.dumps(name)}:{json.dumps(value)}" for name, value in fields)
    value = f"{{{body}}}".encode()
    assert accepted(kind, value) == judged(kind, value)
