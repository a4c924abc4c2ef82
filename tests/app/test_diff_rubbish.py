"""Records that nobody of ours wrote, in the topics that `diff` reads."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition

from app.audit.arrivals import Arrivals, value_row
from app.diffing.comparing import examples
from app.diffing.telling import example, fields_of
from app.diffing.things import COUNTS, TOTALS
from app.records import KafkaRecord
from models.timestamps import iso
from tests.app.audit_tables import T10_00
from tests.app.diff_tables import Versions

_YEAR_ZERO_MS = -62_167_219_200_000


@pytest.fixture
def versions(tmp_path: Path) -> Iterator[Versions]:
    """Two versions without any records."""
    made = Versions(tmp_path)
    yield made
    made.warehouse.close()


@pytest.mark.parametrize("late_by", ["1e300", "-1e300", '"nan"', '"soon"'])
def test_a_late_event_that_is_late_by_no_time_is_read(versions: Versions, late_by: str) -> None:
    """As one that does not say by how much."""
    click = {"userId": "u", "sourceRecord": "clicks-0-1", "timestamp": iso(T10_00)}
    value = f'{{"stage": "count", "lateBy": {late_by}, "record": {json.dumps(click)}}}'
    record = KafkaRecord("late-events", 0, 0, T10_00, b"u", value.encode(), [])
    arrivals = Arrivals(versions.warehouse, "diff_late", None, value_row)
    arrivals.take(TopicPartition("late-events", 0), [record])
    arrivals.flush()
    assert [(None, 1)] == versions.warehouse.rows("SELECT late_by_ms, o FROM late_told")


def test_counts_beyond_all_bounds_have_a_sum(versions: Versions) -> None:
    """Greater than any that could be counted."""
    versions.other(WINDOW_SIZE="15m")
    for user in "xy":
        versions.count("a", (1 << 63) - 1, user)
        versions.count("a", (1 << 63) - 1, user, T10_00 + 300_000)
    assert [("only_a", "unexplained")] * 2 == versions.found(TOTALS)


def test_a_window_in_a_year_that_we_never_write_is_told(versions: Versions) -> None:
    """By its milliseconds."""
    versions.count("a", 3, start_ms=_YEAR_ZERO_MS)
    assert [("only_a", "unexplained")] == versions.found(COUNTS)
    [(keys, said)] = examples(versions.warehouse, COUNTS, "only_a", "unexplained", 1)
    assert f"start {_YEAR_ZERO_MS} ms" in example(keys, said, ("main", "v2"))


class Log:
    """Two inner topics, each with one record that is everywhere."""

    def __init__(self, values: Mapping[str, bytes]) -> None:
        self._values = values

    async def read(self, starts: Any, _ends: Any, take: Any) -> None:
        """Give the record at the place that is asked for."""
        [(at, offset)] = starts.items()
        take(at, [SimpleNamespace(offset=offset, value=self._values[at.topic])])


def test_a_number_that_python_does_not_read_is_told_as_it_stands(versions: Versions) -> None:
    """In an enriched click, of which the fields that differ are named."""
    digits = "7" * 5_000
    log: Any = Log(
        {
            "enriched-clicks": f'{{"page": {digits}, "bot": false}}'.encode(),
            "v2.enriched-clicks": b'{"page": "/", "bot": false}',
        }
    )
    said = [[{"p": 0, "inner_o": 5, "digest": 1}], [{"p": 0, "inner_o": 6, "digest": 2}]]
    told = asyncio.run(fields_of(log, versions.sides, {"kind": "clicks", "q": 0, "o": 1}, said))
    assert f'clicks-0-1 — page [{digits}, "/"]' == told


def test_of_several_records_those_that_differ_are_held_against_each_other(
    versions: Versions,
) -> None:
    """One of them is as the other version has it."""

    class Two(Log):
        async def read(self, starts: Any, _ends: Any, take: Any) -> None:
            [(at, offset)] = starts.items()
            value = b'{"page": "/"}' if offset < 9 else b'{"page": "/x"}'
            take(at, [SimpleNamespace(offset=offset, value=value)])

    log: Any = Two({})
    said = [
        [{"p": 0, "inner_o": 5, "digest": 1}],
        [{"p": 0, "inner_o": 6, "digest": 1}, {"p": 0, "inner_o": 9, "digest": 2}],
    ]
    keys = {"kind": "clicks", "q": 0, "o": 1}
    told = asyncio.run(fields_of(log, versions.sides, keys, said))
    assert 'clicks-0-1 — page ["/", "/x"]' == told
    places = "main: partition 0, offset 5; v2: partition 0, offset 6 and partition 0, offset 9"
    assert f"clicks-0-1 — {places}" == example(keys, said, ("main", "v2"))


def test_a_record_too_deep_to_be_read_has_no_fields(versions: Versions) -> None:
    """Those of the other one are told."""
    deep = b"[" * 100_000 + b"]" * 100_000
    log: Any = Log(
        {"enriched-clicks": b'{"x": ' + deep + b"}", "v2.enriched-clicks": b'{"page": "/"}'}
    )
    said = [[{"p": 0, "inner_o": 5, "digest": 1}], [{"p": 0, "inner_o": 6, "digest": 2}]]
    told = asyncio.run(fields_of(log, versions.sides, {"kind": "clicks", "q": 0, "o": 1}, said))
    assert 'clicks-0-1 — page [null, "/"]' == told
