"""Laws of steps that are bounded in size: what is more is done by further steps, crash or not."""

from collections import Counter
from typing import Any

import pytest

from models import counting, joining, windows
from models.counting import Counting
from models.join import JoinRules
from models.joining import Joining
from models.watermark import StreamTime
from models.windows import WindowRules
from tests.models.fakes import BY_USER, HOUR, MINUTE, Record, Task, at, inner, said
from tests.models.fakes import watermark as heard

CRASHES = pytest.mark.parametrize("crash", ["", "before", "after"])
CHUNKS = pytest.mark.parametrize("rows", [1, 2, 3, 6, 7], indirect=True)
USERS = [f"user-{i}" for i in range(7)]
BOTH = [heard("clicks-0", at("20:00")), heard("purchases-0", at("20:00"))]


@pytest.fixture
def rows(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """So many rows in one step at most."""
    most: int = request.param
    monkeypatch.setattr(counting, "MAX_ROWS", most)
    monkeypatch.setattr(joining, "MAX_ROWS", most)
    return most


def joined(attribution: str = "all") -> Task:
    """The joining stage over one input partition each."""
    partitions = {"clicks": 1, "purchases": 1}
    rules = JoinRules(HOUR, 0, 0, attribution)
    return Task(lambda table: Joining(rules, StreamTime(partitions, 1), table, BY_USER))


def counted(retention_ms: int) -> Task:
    """The counting stage over one input partition."""
    rules = WindowRules(5 * MINUTE, 2 * MINUTE, retention_ms)
    return Task(lambda table: Counting(rules, StreamTime({"clicks": 1}, 1), table))


def purchase(user: str, offset: int) -> Record:
    """A purchase of p at noon."""
    return inner(user, at("12:00"), f"purchases-0-{offset}", productId="p")


@CRASHES
@CHUNKS
@pytest.mark.usefixtures("rows")
def test_every_window_closes_once_in_chunks(crash: str) -> None:
    """Seven users in two windows: fourteen final counts, chunk by chunk."""
    task = counted(24 * HOUR)
    task.run([inner(user, at(clock)) for user in USERS for clock in ("10:01", "10:06")])
    task.run([heard("clicks-0", at("20:00"))], crash=crash)
    finals = [(c["userId"], c["clickCount"]) for c in said(task.sent, "click-counts")]
    assert Counter({(user, 1): 2 for user in USERS}) == Counter(finals)
    assert 14 == len(task.kind(windows.ROW))


@CRASHES
@CHUNKS
@pytest.mark.usefixtures("rows")
def test_every_closed_window_is_deleted_in_chunks(crash: str) -> None:
    """Closed and expired by the same jump of stream time."""
    task = counted(0)
    clicks = [(user, at(clock)) for user in USERS for clock in ("10:01", "10:06")]
    task.run([inner(*click, productId=click[0], page=click[0]) for click in clicks])
    assert {b"w": 14, b"i": 14, b"g": 14, b"s": 2} == Counter(key[:1] for key in task.rows.rows)
    task.run([heard("clicks-0", at("20:00"))], crash=crash)
    assert 14 == len(said(task.sent, "click-counts"))
    assert {} == task.rows.rows


@CRASHES
@pytest.mark.parametrize("attribution", ["all", "first", "last"])
@CHUNKS
@pytest.mark.usefixtures("rows")
def test_every_purchase_is_resolved_once_in_chunks(attribution: str, crash: str) -> None:
    """Four of seven have a click; then all rows expire."""
    task = joined(attribution)
    clicks = [
        inner(user, at("11:59"), f"clicks-0-{i}", productId="p") for i, user in enumerate(USERS[:4])
    ]
    task.run([*clicks, *(purchase(user, i) for i, user in enumerate(USERS))])
    task.run(BOTH, crash=crash)
    pairs = [found["id"] for found in said(task.sent, "conversion-events")]
    assert sorted(f"clicks-0-{i}/purchases-0-{i}" for i in range(4)) == sorted(pairs)
    left = [found["purchase"] for found in said(task.sent, "unattributed-purchases")]
    assert [f"purchases-0-{i}" for i in (4, 5, 6)] == sorted(left)
    assert {} == task.rows.rows


@pytest.mark.parametrize("rows", [2], indirect=True)
def test_a_step_touches_no_more_rows_than_allowed_and_says_that_there_is_more(rows: int) -> None:
    """So a transaction's size is bounded."""
    tasks: list[tuple[Task, list[Record], Any]] = [
        (counted(24 * HOUR), [inner(user, at("10:01")) for user in USERS], "click-counts"),
        (joined(), [purchase(user, i) for i, user in enumerate(USERS)], "unattributed-purchases"),
    ]
    for task, records, topic in tasks:
        task.run(records)
        step = task.stage.step(BOTH, 0, at_end=False)
        assert rows == len(step.outputs[topic])
        assert step.more


@pytest.mark.parametrize("rows", [3], indirect=True)
def test_a_step_deletes_no_more_rows_than_allowed_over_all_kinds(rows: int) -> None:
    """The summary first, then users, products and pages of the window."""
    task = counted(HOUR)
    task.run([inner(user, at("10:01"), productId=user, page=user) for user in USERS[:2]])
    step = task.stage.step([heard("clicks-0", at("11:07"))], 0, at_end=False)
    assert rows == len(step.changes)
    assert step.more
