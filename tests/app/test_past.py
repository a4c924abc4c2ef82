"""Laws of answers about the past: by the rules of the application, and in spite of rubbish."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka import TopicPartition

from app.audit import arrivals
from app.history.past import Moment, Past, window_json
from app.history.store import History
from app.topics import CLICK_COUNTS, CONVERSION_EVENTS, UNATTRIBUTED_PURCHASES
from models.timestamps import iso
from models.windows import WindowRules
from tests.app.fake_logs import PARTITIONS, USER, FakeLogs
from tests.app.test_history import M2, M5, fill, opened
from tests.models.fakes import Record, at

Json = dict[str, Any]


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    """An empty history."""
    with opened(tmp_path / "history.duckdb") as history:
        yield history


def past(history: History, logs: FakeLogs, revise_ms: int = 0) -> Past:
    """What the logs say."""
    fill(history, logs)
    return Past(history, WindowRules(M5, M2, 0, revise_ms=revise_ms), PARTITIONS)


def window(start: str, clicks: object, **more: object) -> Json:
    """A count as it is published."""
    ends = {"windowStart": iso(at(start)), "windowEnd": iso(at(start) + M5)}
    return {"userId": USER, "clickCount": clicks, **ends, **more}


def test_clicks_that_revise_count_in_the_past_as_in_the_present(history: History) -> None:
    """Where late ones revise: those late by less than the horizon; the window closed at 10:07."""
    logs = FakeLogs()
    logs.click(at("10:01"))
    logs.click(at("10:02"), stream_ms=at("10:07"))
    logs.click(at("10:03"), stream_ms=at("10:17") - 1)
    logs.click(at("10:04"), stream_ms=at("10:17"))
    told = past(history, logs, revise_ms=600_000).counts(USER.encode(), Moment(at("12:00")))
    assert [(at("10:00"), at("10:05"), 3, False)] == told.windows


def test_rubbish_among_the_counts_is_not_told(history: History) -> None:
    """Records that nobody of this application wrote: without an end, a count, or a year."""
    logs = FakeLogs()
    rubbish: list[Json] = [
        {"userId": USER},
        {"userId": USER, "windowStart": iso(at("10:00")), "clickCount": 1},
        window("10:00", "many"),
        window("10:00", 1, windowEnd=iso(at("10:00"))),
        window("10:00", 1, windowStart="0000-01-01T00:00:00.000Z"),
        window("10:00", 1, userId="bob"),
    ]
    for value in [*rubbish, window("10:05", 2)]:
        logs.put(CLICK_COUNTS, value)
    told = past(history, logs).counts(USER.encode(), Moment(at("12:00"), known=True))
    assert [2] == [window_json(one)["clickCount"] for one in told.windows]


def test_rubbish_among_the_conversions_is_not_told(history: History, tmp_path: Path) -> None:
    """Without a time of purchase there is nothing to order, or cut, it by."""
    logs = FakeLogs()
    for topic in (CONVERSION_EVENTS, UNATTRIBUTED_PURCHASES):
        logs.put(topic, {"userId": USER})
        logs.put(topic, {"userId": USER, "purchaseTimestamp": "yesterday"})
    for known in (True, False):
        told = past(history, logs).outcomes(USER.encode(), Moment(at("12:00"), known))
        assert [[], []] == list(told.by_topic.values())
    logs.put(CLICK_COUNTS, window("10:00", 1, userId="bob"))
    path = tmp_path / "all.csv"
    past(history, logs).export(Moment(at("12:00"), known=True), str(path), "csv")
    assert ["userId,windowStart,windowEnd,clickCount,final"] == path.read_text().splitlines()


def test_long_records_wait_for_no_others(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    """Records of megabytes are read by SQL before there are thousands of them in memory."""
    monkeypatch.setattr(arrivals, "_BYTES", 3_000)
    taken = arrivals.Arrivals(history, "keep_outcomes", CONVERSION_EVENTS, arrivals.value_row)  # type: ignore[arg-type]  # as in filling.py
    at_p = TopicPartition(CONVERSION_EVENTS, 0)
    read = []
    for offset in range(7):
        taken.take(at_p, [Record(CONVERSION_EVENTS, 0, offset, value=b"x" * 1_000)])
        [(count,)] = history.rows("SELECT count(*) FROM outcome")
        read.append(count)
    assert [0, 0, 3, 3, 3, 6, 6] == read
