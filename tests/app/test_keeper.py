"""Laws of a worker's history: whatever keeps it from answering is told, and may pass."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from app.answers import Unavailable
from app.history import keeper as module
from app.history import reaching
from app.history.errors import Forgotten, HistoryError
from app.history.keeper import Keeper
from app.history.past import Moment, Past
from app.history.store import History
from app.settings import Settings, load_settings
from models.errors import ClickstreamError, TopicError
from tests.app.fake_logs import PARTITIONS, USER, FakeLogs
from tests.models.fakes import at


@pytest.fixture
def faults(monkeypatch: pytest.MonkeyPatch) -> list[Exception]:
    """What goes wrong with Kafka, once each."""
    faults: list[Exception] = []

    @asynccontextmanager
    async def opened(*_: object) -> AsyncIterator[FakeLogs]:
        if faults:
            raise faults.pop()
        logs = FakeLogs()
        logs.click(at("10:00"))
        yield logs

    monkeypatch.setattr(module, "open_logs", opened)
    return faults


def asked(directory: Path, *questions: Callable[[Past], Any]) -> list[Any]:
    """What a keeper answers, or refuses with."""
    named = {"CLICKSTREAM_DATA_DIR": str(directory), "CLICKSTREAM_PARTITIONS": str(PARTITIONS)}

    async def ask() -> list[Any]:
        keeper = Keeper(load_settings(named))
        found: list[Any] = []
        try:
            for question in questions:
                try:
                    found.append(await keeper.ask(question))
                except ClickstreamError as error:
                    found.append(error)
        finally:
            await keeper.stop()
        return found

    return asyncio.run(ask())


def count(past: Past) -> int:
    """The user's clicks."""
    [(_, _, clicks, _)] = past.counts(USER.encode(), Moment(at("12:00"))).windows
    return clicks


@pytest.mark.parametrize(
    "fault", [TopicError("there is no topic"), OSError("no route"), HistoryError("no room")]
)
def test_what_keeps_the_logs_from_being_read_is_told_and_may_pass(
    tmp_path: Path, faults: list[Exception], fault: Exception
) -> None:
    """A 503 with the sentence; the next question is answered."""
    faults.append(fault)
    refused, answer = asked(tmp_path, count, count)
    assert isinstance(refused, Unavailable)
    assert f"The history can't be read now: {fault}" == str(refused)
    assert 1 == answer


@pytest.mark.usefixtures("faults")
def test_a_file_that_fails_a_question_is_told_of_and_opened_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DuckDB may refuse all else before; what the logs have forgotten is another answer."""
    opened: list[Path] = []

    def history_of(settings: Settings, path: Path, *, worker: bool) -> History:
        opened.append(path)
        return reaching.history_of(settings, path, worker=worker)

    monkeypatch.setattr(module, "history_of", history_of)

    def damaged(_: Past) -> None:
        raise HistoryError("a block is damaged")

    def forgotten(_: Past) -> None:
        raise Forgotten("click-counts", 1, None)

    gone, refused, answer = asked(tmp_path, forgotten, damaged, count)
    assert isinstance(gone, Forgotten)
    assert isinstance(refused, Unavailable)
    assert "The history can't be read now: a block is damaged" == str(refused)
    assert (1, 2) == (answer, len(opened))
