"""Laws of the commands about the past: whatever they are given, and find, is told."""

import asyncio
import io
import json
import signal
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from app.beside import beside
from app.commands.as_of import _show, answer_of
from app.commands.console import Interrupt
from app.history.asking import asked_of, form_of, place_of
from app.history.errors import HistoryError, Stranger
from app.history.past import Past
from app.history.store import History
from app.topics import CONVERSION_EVENTS
from models.timestamps import MIN_MS, iso
from models.windows import WindowRules
from tests.app.fake_logs import PARTITIONS, USER, FakeLogs
from tests.app.test_history import M2, M5, fill, opened
from tests.models.fakes import at


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    """An empty history."""
    with opened(tmp_path / "history.duckdb") as history:
        yield history


@pytest.mark.parametrize(
    "text", ["soon", "", "9" * 5_000, "9" * 19, "٣", str(MIN_MS - 1), "\udcff"]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    """In a sentence that is not as long as what was given."""
    assert -1 == asked_of(None, "-1", known=False).moment.at_ms
    with pytest.raises(HistoryError, match=r"--at is a time .*; got '.*\. Write it as") as refused:
        asked_of(None, text, known=False)
    assert len(str(refused.value)) < 250


def test_a_user_is_text() -> None:
    """Python keeps bytes of the command line that are none as lone surrogates."""
    with pytest.raises(HistoryError, match=r"USER is text in UTF-8; got '\\udcff'\. Correct it"):
        asked_of("\udcff", "1", known=False)


def test_a_file_that_can_not_be_written_is_refused_before_the_logs_are_read(tmp_path: Path) -> None:
    """Its directory is not there, it is one itself, or its name is no text."""
    everybody = asked_of(None, "1", known=False)
    (tmp_path / "is.csv").mkdir()
    for path in (tmp_path / "none" / "a.csv", tmp_path / "is.csv", Path("\udcff.csv")):
        with pytest.raises(HistoryError, match="--output is "):
            form_of(everybody, str(path), everybody=True)
    path = tmp_path / "it's.csv"
    assert (path, "csv") == form_of(everybody, str(path), everybody=True)
    assert path == place_of("--svg", path)


def test_whatever_a_purchase_holds_is_told(history: History) -> None:
    """Numbers beyond what Python reads, rich's markup, and what would move a cursor."""
    logs = FakeLogs()
    logs.click(at("10:00"))
    for product in ("[/]", "\x1b[2J", 7):
        bought = {"userId": USER, "purchaseTimestamp": iso(at("10:01")), "productId": product}
        logs.put(CONVERSION_EVENTS, bought | {"order": {"n": 10**4_000}})
    fill(history, logs)
    past = Past(history, WindowRules(M5, M2, 0), PARTITIONS)
    asked = asked_of(USER, "2030-01-01", known=False)
    answer = answer_of(past, asked)
    console = Console(width=80, file=io.StringIO(), record=True)
    _show(console, asked, answer)
    told = console.export_text()
    assert [True] * 3 == [text in told for text in ("│ [/] ", "│ \\x1b[2J ", "│ 7 ")]
    assert 3 == len(json.loads(msgspec.json.encode(answer))["conversions"])
    with pytest.raises(Stranger, match=r"'\[/\]' has none"):
        answer_of(past, asked_of("[/]", "1", known=False))


def test_somebody_who_asks_to_end_waits_for_no_query(history: History) -> None:
    """It is interrupted, and that is no fault."""

    async def interrupted() -> None:
        interrupt = Interrupt()
        interrupt.signal = signal.SIGINT
        endless = "SELECT count(*) FROM range(1000000000) a JOIN range(1000000000) b ON a <> b"
        await asyncio.wait_for(beside(history, interrupt.proceed, history.own, endless), 20)

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(interrupted())
    assert [(1,)] == history.own("SELECT 1")
