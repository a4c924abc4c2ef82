"""examples/: what they say of themselves."""

import json
import tomllib
from pathlib import Path

import pytest

from dev.kafka.jars import ROOT
from examples.read_model.errors import ModelError
from examples.read_model.model import Batch, Model


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


def batch(begin: int, end: int, partition: int = 0) -> Batch:
    """Counts of one window, a user for each offset."""
    values = [
        {
            "userId": f"user-{partition}-{offset}",
            "windowStart": "2025-11-28T10:00:00.000Z",
            "windowEnd": "2025-11-28T10:05:00.000Z",
            "clickCount": 1,
        }
        for offset in range(begin, end)
    ]
    return Batch("click-counts", partition, begin, end, [json.dumps(v).encode() for v in values])


def content(model: Model) -> tuple[int, dict[tuple[str, int], int]]:
    """How many counts a model has, and its positions."""
    ((count,),) = model.rows("SELECT count(*) FROM counts")
    return count, model.positions()


def test_rows_and_their_offsets_are_written_together_or_not_at_all(tmp_path: Path) -> None:
    """Of all partitions of a fetch: what fails in one is written in none."""
    model = Model(tmp_path / "model.duckdb")
    model.apply([batch(5, 8), batch(0, 2, partition=1)])
    written = (5, {("click-counts", 0): 8, ("click-counts", 1): 2})
    assert written == content(model)
    broken = Batch("click-counts", 1, 2, 3, [b"no JSON"])
    with pytest.raises(ValueError, match="JSON"):
        model.apply([batch(8, 9), broken])
    assert written == content(model)


def test_of_two_writers_of_a_model_one_is_stopped(tmp_path: Path) -> None:
    """It read from where the other has been meanwhile: nothing of it is written."""
    one, other = Model(tmp_path / "model.duckdb"), Model(tmp_path / "model.duckdb")
    one.apply([batch(0, 3)])
    one.apply([batch(3, 5)])
    with pytest.raises(ModelError, match="One process at a time writes a model"):
        other.apply([batch(0, 1, partition=1), batch(3, 6)])
    assert (5, {("click-counts", 0): 5}) == content(one)


def test_an_order_is_kept_to_the_letter(tmp_path: Path) -> None:
    """Its numbers may be longer than a database takes."""
    model = Model(tmp_path / "model.duckdb")
    order = '{"amount":1.10,"huge":1e400,"long":123456789012345678901234567890}'
    value = (
        '{"purchase":"purchases-0-0","userId":"u","productId":"p",'
        f'"purchaseTimestamp":"2025-11-28T10:00:00.000Z","order":{order}}}'
    )
    model.apply([Batch("unattributed-purchases", 0, 0, 1, [value.encode()])])
    assert [(order,)] == model.rows('SELECT "order" FROM unattributed')
