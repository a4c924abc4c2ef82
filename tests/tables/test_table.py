"""Laws of Faust's view of a stage's table."""

import faust
import pytest
from faust.types import TP

from tables.table import StageTable

ROWS = {b"alice": [{"clickCount": 2}], "zoë".encode(): []}


@pytest.fixture(scope="module")
def table() -> StageTable:
    """A table whose look-up is a dictionary."""
    app = faust.App("t", store="memory://", autodiscover=False)
    return StageTable(app, name="click-counts", partitions=4, lookup=ROWS.__getitem__)


@pytest.mark.parametrize("key", [b"alice", "alice"])
def test_a_user_is_looked_up_by_bytes_and_by_text(table: StageTable, key: bytes | str) -> None:
    """The web views give text, Faust's router bytes."""
    assert [{"clickCount": 2}] == table[key]
    assert key in table


def test_text_is_looked_up_as_utf_8(table: StageTable) -> None:
    """As the records' keys are."""
    assert [] == table["zoë"]


def test_an_unknown_user_is_a_key_error(table: StageTable) -> None:
    """The web view makes it a 404."""
    with pytest.raises(KeyError):
        table["bob"]
    assert "bob" not in table


def test_only_its_stage_writes_a_table(table: StageTable) -> None:
    """A row written past the transaction would be lost, or counted twice."""
    with pytest.raises(TypeError, match="Only its stage writes click-counts; got 'bob'"):
        table["bob"] = 1
    with pytest.raises(TypeError, match="Only its stage writes"):
        del table["alice"]


def test_faust_finds_no_rows_to_walk_through(table: StageTable) -> None:
    """They are on disk, of several partitions: asking for all of them is no look-up."""
    assert ([], 0) == (list(table), len(table))


def test_faust_is_told_of_no_offset(table: StageTable) -> None:
    """The engine restores the stores; Faust would else read the changelog on its own."""
    assert table.persisted_offset(TP("t-click-counts-changelog", 0)) is None


def test_users_are_hashed_as_kafka_does(table: StageTable) -> None:
    """Faust routes a web request by its table's key type; JSON would put quotes around a user."""
    assert bytes is table.key_type
