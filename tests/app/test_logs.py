"""Laws of the log: a line for each event, JSON off a terminal, and nothing of a user."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from agents.spec import Seconds
from agents.stage import StageTask
from app import journal as module
from app import logs
from app.journal import Journal
from app.telemetry import LogFormat
from models.dead_letters import dead_letter
from models.stage import Step
from tests.agents.fake_kafka import FakeKafka, FakeWriter
from tests.agents.fakes import EchoStage, FakeContext, eventually, in_loop, record, spec_of

QUICK = Seconds(0.002, 0.02)


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        """It is."""
        return True


@pytest.fixture(autouse=True)
def root() -> Iterator[logging.Logger]:
    """The root logger, as it was afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield root
    root.handlers[:], root.level = handlers, level
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


def lines(text: str) -> list[dict[str, Any]]:
    """Its lines, each of which is JSON."""
    return [json.loads(line) for line in text.splitlines()]


def test_off_a_terminal_every_line_is_json_whoever_wrote_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Records of the standard library, and structlog's events with what they tell."""
    logs.begin(LogFormat.AUTO, logging.INFO)
    logging.getLogger("agents.takeover").info("Restored %d partitions", 4)
    structlog.stdlib.get_logger("ours").warning("Two\nlines", who="Łukasz")
    text = capsys.readouterr().err
    theirs, ours = lines(text)
    assert ["timestamp", "level", "event", "logger"] == list(theirs)
    assert ("info", "Restored 4 partitions") == (theirs["level"], theirs["event"])
    assert ("Two\nlines", "Łukasz", "ours") == (ours["event"], ours["who"], ours["logger"])
    assert "Łukasz" in text


def test_an_error_is_one_line_with_its_traceback_and_no_local_variables(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Local variables would be records of users."""
    logs.begin(LogFormat.JSON, logging.INFO)
    secret = "user" + "-1"
    try:
        int(secret and "")
    except ValueError:
        logging.getLogger("x").exception("failed")
    text = capsys.readouterr().err
    (line,) = lines(text)
    assert "Traceback (most recent call last)" in line["exception"]
    assert "user-1" not in text


@pytest.mark.parametrize(
    ("style", "terminal", "json_lines"),
    [
        (LogFormat.AUTO, True, False),
        (LogFormat.AUTO, False, True),
        (LogFormat.JSON, True, True),
        (LogFormat.CONSOLE, False, False),
        (LogFormat.CONSOLE, True, False),
    ],
)
def test_the_setting_decides_and_auto_looks_for_a_terminal(
    style: LogFormat, terminal: bool, json_lines: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Colours are for terminals alone."""
    stream = Terminal() if terminal else io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    logs.begin(style, logging.INFO)
    logging.getLogger("x").info("told")
    text = stream.getvalue()
    assert "told" in text
    assert json_lines == text.startswith("{")
    assert (terminal and not json_lines) == ("\x1b[" in text)


def test_what_faust_puts_in_writes_as_set(root: logging.Logger) -> None:
    """Faust clears the handlers when it starts, and adds its own."""
    stream = io.StringIO()
    logs.begin(LogFormat.JSON, logging.INFO)
    root.handlers[:] = [logging.StreamHandler(stream)]
    logs.adopt(LogFormat.JSON, logging.INFO)
    logging.getLogger("x").info("told")
    assert ["told"] == [line["event"] for line in lines(stream.getvalue())]


def test_the_comings_and_goings_of_services_are_for_debugging(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """That the worker is ready, and whatever is wrong, is told; the service gets a field."""
    services = logging.getLogger("app.recovery")
    for level in (logging.INFO, logging.DEBUG):
        logs.begin(LogFormat.JSON, level)
        services.info("[^---StageRecovery]: Starting...")
        services.info("[^---StageRecovery]: Worker ready")
        services.warning("[^---StageRecovery]: Partitions wait")
        logging.getLogger("faust.app.base").info("Executing")
    ready = ["Worker ready", "Partitions wait"]
    told = lines(capsys.readouterr().err)
    assert [*ready, "Starting...", *ready, "Executing"] == [line["event"] for line in told]
    assert "StageRecovery" == told[0]["service"]


def test_kafkas_client_says_a_thing_once_in_a_while(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then with how often it came, without a traceback."""
    now = 1_000.0
    monkeypatch.setattr("app.logs.time.monotonic", lambda: now)
    logs.begin(LogFormat.JSON, logging.INFO)
    client = logging.getLogger("aiokafka.conn")
    client.info("never")
    for node in range(3):
        client.error("No answer from %d", node, exc_info=ValueError("x"))
    now += logs.REPEAT_SECONDS
    client.error("No answer from %d", 3)
    told = lines(capsys.readouterr().err)
    events = ["No answer from 0", "No answer from 3 (2 more like it)"]
    assert events == [line["event"] for line in told]
    assert not any("exception" in line for line in told)


def refused(journal: Journal) -> None:
    """Have a step committed with two late records and a dead letter of a user."""
    task = StageTask(spec_of(EchoStage()), 0, FakeWriter(FakeKafka()), FakeContext())
    step = Step()
    step.late(5)
    step.late(7)
    letter = dead_letter(record(1, b"user-1"), "clicks-0-1", "not_json", "got user-1")
    step.send("dead-letters", letter)
    journal.committed(task, [], step, QUICK)
    journal.committed(task, [], Step(became={"counted": 5}), QUICK)


@in_loop
async def test_late_and_refused_records_are_summed_up_once_in_a_while() -> None:
    """By stage and by code; nothing of the records themselves; nothing when there were none."""
    journal = Journal()
    with structlog.testing.capture_logs() as told:
        refused(journal)
        refused(journal)
        assert [] == told
        journal.sum_up()
        journal.sum_up()
        refused(journal)
        journal.sum_up()
    found = [(line["late"], line["dead_letters"]) for line in told]
    assert [({"echo": 4}, {"not_json": 2}), ({"echo": 2}, {"not_json": 1})] == found
    assert "user-1" not in str(told)


def test_the_summary_comes_without_further_records(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the last of them it is quiet: the summary is still due."""
    monkeypatch.setattr(module, "SUM_UP_SECONDS", 0.01)

    @in_loop
    async def run() -> None:
        with structlog.testing.capture_logs() as told:
            refused(Journal())
            await eventually(lambda: told)

    run()


def test_a_rebalance_is_one_line_with_its_numbers() -> None:
    """Tasks that went on, tasks that were made, records read for them, seconds."""
    with structlog.testing.capture_logs() as told:
        Journal().rebalanced(kept=2, taken=6, restored=1_200, seconds=0.51234)
    (line,) = told
    expected = {"kept": 2, "taken": 6, "restored": 1_200, "seconds": 0.512}
    assert expected == {name: line[name] for name in expected}
