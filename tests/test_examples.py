"""examples/: what they say of themselves."""

import asyncio
import json
import tomllib
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeAlias, cast

import duckdb
import pytest
from aiokafka import TopicPartition

from dev.kafka.jars import ROOT
from examples.read_model.errors import ModelError
from examples.read_model.model import Batch, Model
from examples.read_model.queries import QUERIES
from examples.read_model.reading import Reader
from examples.read_model.rows import TABLES


def test_the_read_model_asks_for_what_it_is_tested_with() -> None:
    """Its requirements are the application's own, for as much as it takes of them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = (ROOT / "examples/read_model/requirements.txt").read_text().splitlines()
    assert set() == set(asked) - set(project["dependencies"])


def test_the_read_model_imports_nothing_of_the_application() -> None:
    """Who takes it as the beginning of their own takes these files alone."""
    files = sorted((ROOT / "examples/read_model").glob("*.py"))
    imports = {
        line.split()[1].partition(".")[0]
        for file in files
        for line in file.read_text().splitlines()
        if line.startswith(("import ", "from "))
    }
    assert {"examples", "aiokafka", "duckdb", "msgspec"} <= imports
    assert set() == imports & {"app", "agents", "tables", "models", "dev", "bench", "tests"}


def count(user: str, clicks: int = 1, revision: int = 0) -> bytes:
    """A user's count in a window, as emitted."""
    value: dict[str, object] = {
        "userId": user,
        "windowStart": "2025-11-28T10:00:00.000Z",
        "windowEnd": "2025-11-28T10:05:00.000Z",
        "clickCount": clicks,
    }
    return json.dumps(value | ({"revision": revision} if revision else {})).encode()


def batch(begin: int, end: int, partition: int = 0) -> Batch:
    """Counts of one window, a user for each offset."""
    values = [count(f"user-{partition}-{offset}") for offset in range(begin, end)]
    return Batch("click-counts", partition, begin, end, values)


def counts(begin: int, *values: bytes | None) -> Batch:
    """Records of one partition of click-counts."""
    return Batch("click-counts", 0, begin, begin + len(values), list(values))


def made(path: Path) -> Model:
    """A model that reads two partitions of each topic from their starts on."""
    model = Model(path / "model.duckdb")
    model.begin({(topic, p): 0 for topic in TABLES for p in range(2)})
    return model


def content(model: Model) -> tuple[int, list[int]]:
    """How many counts a model has, and its positions in click-counts."""
    ((rows,),) = model.rows("SELECT count(*) FROM counts")
    positions = model.positions()
    return rows, [positions["click-counts", p] for p in range(2)]


def test_rows_and_their_offsets_are_written_together_or_not_at_all(tmp_path: Path) -> None:
    """Of all partitions of a fetch: what fails in one is written in none."""
    model = made(tmp_path)
    model.apply([batch(0, 3), batch(0, 2, partition=1)])
    assert (5, [3, 2]) == content(model)
    again = Batch("click-counts", 1, 2, 3, [count("user-1-0")])
    with pytest.raises(ModelError, match=r"click-counts-1 .*has been read already.*--rebuild"):
        model.apply([batch(3, 4), again])
    assert (5, [3, 2]) == content(model)


def test_of_two_writers_of_a_model_one_is_stopped(tmp_path: Path) -> None:
    """It read from where the other has been meanwhile: nothing of it is written."""
    one, other = made(tmp_path), made(tmp_path)
    one.apply([batch(0, 3)])
    one.apply([batch(3, 5)])
    with pytest.raises(ModelError, match="One process at a time writes a model"):
        other.apply([batch(0, 1, partition=1), batch(3, 6)])
    assert (5, [5, 0]) == content(one)


def test_a_model_that_was_made_anew_meanwhile_takes_nothing_from_the_middle(tmp_path: Path) -> None:
    """Its file was deleted, or another rebuilds it: what came before would be missing."""
    model = made(tmp_path)
    model.apply([batch(0, 3)])
    model.path.unlink()
    with pytest.raises(ModelError, match="One process at a time writes a model"):
        model.apply([batch(3, 5)])
    assert {} == model.positions()
    other = made(tmp_path)
    with pytest.raises(ModelError, match="One process at a time writes a model"):
        model.apply([batch(3, 5)])
    assert (0, [0, 0]) == content(other)


@pytest.mark.parametrize("together", [True, False])
def test_of_a_count_that_was_revised_the_highest_revision_stands(
    tmp_path: Path, together: bool
) -> None:
    """Whether its records come in one batch or each in its own."""
    model = made(tmp_path)
    told = [count("u", 2), count("u", 3, 1), count("v"), count("u", 4, 2), count("w", 1, 1)]
    for batch in [counts(0, *told)] if together else [counts(n, t) for n, t in enumerate(told)]:
        model.apply([batch])
    assert [("u", 4, 2), ("v", 1, 0), ("w", 1, 1)] == model.rows(
        "SELECT user_id, click_count, revision FROM counts ORDER BY user_id"
    )


def test_a_conversion_takes_the_place_of_an_unattributed_purchase(tmp_path: Path) -> None:
    """A late click was found for it: it was bought once, after a click."""
    model = made(tmp_path)
    purchase = {"userId": "u", "productId": "p", "purchase": "purchases-0-0", "order": {}}
    purchase["purchaseTimestamp"] = "2025-11-28T10:00:00.000Z"
    conversion = purchase | {"id": "clicks-0-0/purchases-0-0", "click": "clicks-0-0", "revision": 1}
    conversion |= {"clickTimestamp": "2025-11-28T09:59:00.000Z", "timeToPurchase": 60.0}
    for topic, value in (("unattributed-purchases", purchase), ("conversion-events", conversion)):
        model.apply([Batch(topic, 0, 0, 1, [json.dumps(value).encode()])])
    assert [("p", 1, 1, 1.0, 60.0)] == model.rows(QUERIES["conversion-rate"])


NO_COUNTS = {
    "no value": None,
    "no JSON": b"rubbish",
    "no object": b"[1]",
    "no UTF-8": count("u").replace(b'"u"', b'"\xff"'),
    "deep": b"[" * 100_000,
    "a field missing": b"{}",
    "no time": count("u").replace(b"2025-11-28", b"2025-99-99"),
    "a time without a zone": count("u").replace(b"00.000Z", b"00.000"),
    "a time before all": count("u").replace(
        b"2025-11-28T10:00:00.000Z", b"0001-01-01T00:00:00+09:00"
    ),
    "a huge number": count("u", 1 << 63),
}


@pytest.mark.parametrize("value", NO_COUNTS.values(), ids=NO_COUNTS.keys())
def test_what_is_no_record_of_the_application_is_passed_over_and_told(
    tmp_path: Path, value: bytes | None
) -> None:
    """Somebody else wrote into the topic: what follows is read all the same."""
    model = made(tmp_path)
    assert ["click-counts-0: 1"] == model.apply([counts(0, count("a"), value, count("b"))])
    assert (2, [3, 0]) == content(model)


def test_a_model_of_other_columns_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    """Another version of the program made it."""
    model = made(tmp_path)
    with duckdb.connect(str(model.path)) as database:
        database.execute("ALTER TABLE counts DROP COLUMN revision")
    with pytest.raises(ModelError, match=r"must be a model of this program.*--rebuild"):
        model.apply([batch(0, 1)])


Fetch: TypeAlias = tuple[dict[int, list[int]], list[int]]
"""Offsets of records, and the positions behind them, by partition."""


class FakeConsumer:
    """Two partitions; each fetch gives these records, and moves on to these positions."""

    def __init__(self, *fetches: Fetch) -> None:
        self._fetches = list(fetches)
        self._positions: list[int] = [0, 0]

    def assignment(self) -> set[TopicPartition]:
        """All of them."""
        return {TopicPartition("x-click-counts", p) for p in range(2)}

    async def position(self, at: TopicPartition) -> int:
        """As the last fetch left it."""
        return self._positions[int(at.partition)]

    async def getmany(self, **_options: int) -> dict[TopicPartition, list[Any]]:
        """The next fetch."""
        records, self._positions = self._fetches.pop(0)
        return {
            TopicPartition("x-click-counts", p): [
                SimpleNamespace(offset=offset, value=count(f"user-{p}-{offset}"))
                for offset in offsets
            ]
            for p, offsets in records.items()
        }


def test_positions_pass_over_what_is_no_record(tmp_path: Path) -> None:
    """Ends of transactions, and those that were aborted: also where nothing follows them yet."""
    model = made(tmp_path)
    fetches: list[Fetch] = [
        ({0: [0, 1]}, [2, 0]),
        ({}, [3, 0]),
        ({0: [3]}, [5, 0]),
        ({0: [7]}, [8, 4]),
    ]
    source = Reader(cast("Any", FakeConsumer(*fetches)), "x-", 10)
    found = []
    for _ in fetches:
        model.apply(asyncio.run(source.next()))
        found.append(content(model))
    assert [(2, [2, 0]), (2, [3, 0]), (3, [5, 0]), (4, [8, 4])] == found


def test_an_order_is_kept_to_the_letter(tmp_path: Path) -> None:
    """Its numbers may be longer than a database takes."""
    model = made(tmp_path)
    order = '{"amount":1.10,"huge":1e400,"long":123456789012345678901234567890}'
    value = (
        '{"purchase":"purchases-0-0","userId":"u","productId":"p",'
        f'"purchaseTimestamp":"2025-11-28T10:00:00.000Z","order":{order}}}'
    )
    model.apply([Batch("unattributed-purchases", 0, 0, 1, [value.encode()])])
    assert [(order,)] == model.rows('SELECT "order" FROM unattributed')
