"""Laws of filling a history: what the logs hold is there once, whatever happens meanwhile."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from app.history import filling
from app.history.errors import Forgotten, HistoryError
from app.history.filling import Filling
from app.history.past import Moment, Past
from app.history.store import History
from app.topics import CLICK_COUNTS, ENRICHED_CLICKS, LATE_EVENTS
from models.timestamps import iso
from models.windows import WindowRules
from tests.app.fake_logs import PARTITIONS, USER, Crash, FakeLogs, P, Shortened
from tests.models.fakes import at

M5, M2 = 300_000, 120_000
_CONSTANTS: Mapping[str, str | bool] = {
    "clicks_topic": "clicks",
    "purchases_topic": "purchases",
    "rank_pages": False,
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The history's file."""
    return tmp_path / "history.duckdb"


@pytest.fixture
def history(path: Path) -> Iterator[History]:
    """An empty history."""
    with opened(path) as history:
        yield history


def opened(path: Path) -> History:
    """The history in a file."""
    return History(path, _CONSTANTS, {"threads": 1})


def fill(history: History, logs: FakeLogs, *, sure: bool = True) -> None:
    """Read what is new."""
    made = Filling(history, logs, str)  # type: ignore[arg-type]  # a fake
    asyncio.run(made.fill(sure=sure))


def counts(history: History, at_ms: int = at("23:59"), *, known: bool = False) -> list[int]:
    """The user's clicks by window."""
    past = Past(history, WindowRules(M5, M2, 0), PARTITIONS)
    found = past.counts(USER.encode(), Moment(at_ms, known))
    return [clicks for _, _, clicks, _ in found.windows]


@pytest.mark.parametrize("crash_after", [0, 4, 11])
def test_a_crash_at_any_record_leaves_no_gap_and_no_double(
    path: Path, monkeypatch: pytest.MonkeyPatch, crash_after: int
) -> None:
    """Each transaction holds rows and the place up to which they are read."""
    monkeypatch.setattr(filling, "_ROWS", 3)
    logs = FakeLogs(crash_after=crash_after)
    for minute in range(12):
        logs.click(at(f"10:{minute:02d}"))
    with opened(path) as history, pytest.raises(Crash):
        fill(history, logs)
    again = replace(logs, crash_after=None, read_count=0)
    with opened(path) as history:
        fill(history, again)
        assert [5, 5, 2] == counts(history)
    assert 12 - crash_after // 3 * 3 + (crash_after >= 3) == again.read_count


def test_only_what_is_new_is_read(history: History) -> None:
    """And to be sure of a log its last record is looked at once more."""
    logs = FakeLogs()
    for minute in range(4):
        logs.click(at(f"10:{minute:02d}"))
    fill(history, logs)
    for sure, more in ((False, 0), (True, 1)):
        logs.read_count = 0
        fill(history, logs, sure=sure)
        assert more == logs.read_count
    logs.click(at("10:04"))
    fill(history, logs, sure=False)
    assert [5] == counts(history)


@pytest.mark.parametrize("length", [1, 3, 5])
def test_a_log_that_was_made_anew_is_read_anew(history: History, length: int) -> None:
    """Whether it is shorter than it was, as long, or longer."""
    logs = FakeLogs()
    for minute in range(3):
        logs.click(at(f"10:{minute:02d}"))
    fill(history, logs)
    other = FakeLogs()
    for number in range(length):
        other.put("unused", {})
        other.click(at("12:00"))
        last = other.records[ENRICHED_CLICKS, P][-1]
        other.records[ENRICHED_CLICKS, P][-1] = replace(last, timestamp=9_000 + number)
    fill(history, other)
    assert [length] == counts(history)


def test_what_retention_deleted_is_forgotten_and_said_so(history: History) -> None:
    """Windows that the deleted part may have had clicks of are no more; later ones are whole."""
    logs = FakeLogs()
    for minute in range(12):
        logs.click(at(f"10:{minute:02d}"))
    fill(history, logs)
    logs.starts[ENRICHED_CLICKS, P] = 3
    fill(history, logs)
    assert [5, 2] == counts(history)
    with pytest.raises(Forgotten, match=r"Ask for 2024-01-01T10:05:00\.000Z or later"):
        counts(history, at("10:04"))


def test_what_retention_deletes_while_it_is_read_is_forgotten_and_said_so(
    history: History,
) -> None:
    """What was gone before it was read is missing: the log is looked at again afterwards."""
    logs = Shortened(shortened_to=6)
    for minute in range(12):
        logs.click(at(f"10:{minute:02d}"))
    fill(history, logs)
    with pytest.raises(Forgotten, match=r"Ask for 2024-01-01T10:10:00\.000Z or later"):
        counts(history, at("10:04"))
    assert [2] == counts(history)


def test_a_log_made_anew_where_nothing_was_read_is_read_from_its_start(history: History) -> None:
    """A log may have an end and no record: those of transactions that failed are not seen."""
    logs = FakeLogs()
    for minute in range(3):
        logs.click(at(f"10:{minute:02d}"))
    hidden = replace(logs, hidden=3)
    fill(history, hidden)
    assert [] == counts(history)
    fill(history, logs)
    assert [3] == counts(history)


def test_a_log_made_anew_without_the_record_that_was_read_last_is_read_anew(
    history: History,
) -> None:
    """Also where nothing is to be seen up to the end that it had."""
    logs = FakeLogs()
    for minute in range(3):
        logs.click(at(f"10:{minute:02d}"))
    fill(history, logs)
    fill(history, replace(logs, hidden=3))
    assert [] == counts(history)


def test_what_was_published_before_the_log_begins_is_forgotten(history: History) -> None:
    """By the append time of the first record that is left."""
    logs = FakeLogs()
    for number in range(3):
        start_ms = at("10:00") + number * M5
        window = {"windowStart": iso(start_ms), "windowEnd": iso(start_ms + M5)}
        logs.put(CLICK_COUNTS, {"userId": USER, "clickCount": number + 1, **window})
    fill(history, logs)
    assert [1, 2] == counts(history, 1_001, known=True)
    logs.starts[CLICK_COUNTS, P] = 1
    fill(history, logs)
    assert [2] == counts(history, 1_001, known=True)
    with pytest.raises(Forgotten, match=r"Ask for 1970-01-01T00:00:01\.001Z or later"):
        counts(history, 1_000, known=True)


def test_a_click_is_late_by_its_own_stream_time_or_by_its_late_event(history: History) -> None:
    """One that came back from idleness is late by the stage's time: late-events tell."""
    logs = FakeLogs()
    logs.click(at("10:01"))
    logs.click(at("10:02"), stream_ms=at("10:07"))
    back = logs.click(at("10:03"))
    logs.put(LATE_EVENTS, {"stage": "count", "record": {"sourceRecord": back}})
    logs.put(LATE_EVENTS, {"stage": "join", "record": {"sourceRecord": "clicks-0-0"}})
    fill(history, logs)
    assert [1] == counts(history)
    assert [] == counts(history, at("10:01") - 1)


def test_a_damaged_file_is_made_anew(path: Path) -> None:
    """It is a copy; what can't be opened at all is told."""
    path.write_bytes(b"no database" * 1_000)
    with opened(path) as history:
        assert [] == history.rows("FROM log")
    path.unlink()
    path.mkdir()
    with pytest.raises(HistoryError, match="can't be opened"):
        opened(path)


def test_a_file_with_damage_within_is_told_of(path: Path) -> None:
    """It shows when the part is read: what to do is said, and it is not DuckDB's traceback."""
    with opened(path) as history:
        history.execute(
            "INSERT INTO count_sent SELECT 0, range, hash(range) // 2, 'ann', 0, 1, range "
            "FROM range(200000)"
        )
    data = path.read_bytes()
    half = len(data) // 2
    path.write_bytes(data[:half] + bytes(200_000) + data[half + 200_000 :])
    with opened(path) as history:
        with pytest.raises(HistoryError, match=r"can't be used: .* may be deleted"):
            history.rows("SELECT sum(at_ms) FROM count_sent")
        with pytest.raises(HistoryError, match="can't be used"), history.transaction():
            history.execute("DELETE FROM count_sent WHERE at_ms > 0")


def test_a_file_of_other_topics_is_made_anew(path: Path) -> None:
    """As one of another version is: what was read would be read otherwise now."""
    logs = FakeLogs()
    logs.click(at("10:00"))
    with opened(path) as history:
        fill(history, logs)
    with opened(path) as history:
        assert [1] == counts(history)
    with History(path, {**_CONSTANTS, "clicks_topic": "other"}, {"threads": 1}) as history:
        assert [] == history.rows("FROM log")


def test_a_file_is_one_processs_alone(path: Path) -> None:
    """Another is told so, and leaves it as it is."""
    path.parent.mkdir(exist_ok=True)
    hold = f"import duckdb, sys; db = duckdb.connect({str(path)!r}); print(1, flush=True); input()"
    command = [sys.executable, "-c", hold]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(HistoryError, match="Let the other one end"):
            opened(path)
        other.communicate(b"\n")
    opened(path).close()
