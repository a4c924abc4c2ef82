"""Records that are no JSON, in every topic that SQL reads: none ends a command."""

from collections.abc import Iterator
from itertools import product

import pytest
from aiokafka import TopicPartition

from app.audit.arrivals import Arrivals, value_row
from app.audit.rules import Choice, Rules
from app.audit.warehouse import Warehouse
from app.records import KafkaRecord
from app.settings import Settings

_SQL = ("read_input", "read_inner", "diff_inner", "read_counts", "read_conversions",
        "read_unattributed", "read_late", "diff_late", "read_dead_letters")  # fmt: skip
_RUBBISH = ("", "x", "[", "null", "[]", '"\\ud800"', '{"page": {}}', '{"lateBy": 1e300}')


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """One that audits and compares."""
    made = Warehouse(tmp_path_factory.mktemp("db"), Rules(Settings()).constants(), Choice())
    made.run("diff_schema")
    yield made
    made.close()


@pytest.mark.parametrize(("sql", "value"), [*product(_SQL, _RUBBISH)])
def test_rubbish_is_read(warehouse: Warehouse, sql: str, value: str) -> None:
    """Alone, as in the middle of others."""
    for kind in ("clicks", "purchases"):
        arrivals = Arrivals(warehouse, sql, kind, value_row)
        record = KafkaRecord("any", 0, 0, 0, b"u", value.encode(), [])
        arrivals.take(TopicPartition("any", 0), [record])
        arrivals.flush()
    assert [] == warehouse.rows("FROM arrived")
