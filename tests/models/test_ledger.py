"""Laws of the ledger: every record read becomes one thing, and is found under its name."""

from typing import Any

import msgspec
import pytest

from models.counting import Counting
from models.dead_letters import DEAD_LETTERS
from models.errors import LedgerBroken
from models.intake import CLICKS, PURCHASES, Intake, IntakeRules
from models.join import JoinRules
from models.joining import Joining
from models.ledger import Ledger
from models.stage import Output, Rows, Step
from models.watermark import StreamTime
from models.windows import WindowRules
from tests.models.fakes import (
    BY_USER,
    ENRICHED,
    HOUR,
    MINUTE,
    Record,
    Task,
    at,
    idle,
    inner,
    watermark,
)
from tests.models.fakes import (
    PURCHASES as PURCHASES_TOPIC,
)

GOOD = b'{"userId":"u","productId":"p","timestamp":"2024-01-01T00:00:00Z"}'


def _counting(**rules: Any) -> Task:
    windows = WindowRules(5 * MINUTE, 2 * MINUTE, HOUR, **rules)
    return Task(lambda rows: Counting(windows, StreamTime({"clicks": 1}, MINUTE), rows))


def _joining(rows: Rows) -> Joining:
    time = StreamTime({"clicks": 1, "purchases": 1}, MINUTE)
    return Joining(JoinRules(HOUR, 2 * MINUTE, HOUR), time, rows, BY_USER)


@pytest.mark.parametrize(
    ("kind", "topic", "passed"),
    [(CLICKS, "clicks", "enriched"), (PURCHASES, PURCHASES_TOPIC, "admitted")],
)
def test_an_input_record_is_passed_on_or_a_dead_letter(kind: Any, topic: str, passed: str) -> None:
    """Watermark records are sent too, and were never read."""
    rules = IntakeRules("inner", 2, HOUR, 5, 1_000)
    task = Task(lambda _: Intake(kind, rules, f"{topic}-0"))
    task.run([Record(topic, value=GOOD), Record(topic, offset=1, value=b"{"), Record(topic)])
    expected = Ledger(3, {passed: 1, "deadLetters": 2}, {"inner": 3, DEAD_LETTERS: 2})
    assert expected == task.ledger


def test_a_click_is_counted_late_skipped_or_a_dead_letter() -> None:
    """And what is no click is a signal."""
    task = _counting(count_bots=False)
    task.run(
        [
            watermark("clicks-0", at("10:00")),
            inner("u", at("10:01")),
            inner("u", at("10:02"), bot=True),
            inner("u", at("9:00"), stream_ms=at("10:02")),
            Record(ENRICHED, value=b"rubbish"),
            Record(ENRICHED),
            idle("clicks-0", HOUR),
        ]
    )
    became = {"counted": 1, "late": 1, "skipped": 1, "signals": 2, "deadLetters": 2}
    assert (7, became) == (task.ledger.read, task.ledger.became)
    sent = {"click-counts": 1, "late-events": 1, DEAD_LETTERS: 2}
    assert sent == task.ledger.sent


def test_a_late_click_that_is_discarded_is_in_the_ledger() -> None:
    """It is the only place that still knows of it."""
    task = _counting(emit_late=False)
    task.run([inner("u", at("9:00"), stream_ms=at("10:02"))])
    assert Ledger(1, {"late": 1}, {}) == task.ledger


def test_the_join_takes_clicks_and_purchases_or_says_what_else_they_are() -> None:
    """A click without a product takes no part: skipped."""
    task = Task(_joining)
    task.run(
        [
            inner("u", at("10:01"), "clicks-0-1", productId="p"),
            inner("u", at("10:01"), "clicks-0-2"),
            inner("u", at("10:03"), "purchases-0-1", productId="p"),
            inner("u", at("9:00"), "purchases-0-2", stream_ms=at("10:03"), productId="p"),
            watermark("purchases-0", at("10:03")),
            Record(BY_USER, value=b"[]"),
        ]
    )
    became = dict.fromkeys(["clicks", "purchases", "late", "skipped", "signals", "deadLetters"], 1)
    sent = {"conversion-events": 1, "late-events": 1, DEAD_LETTERS: 1}
    assert Ledger(6, became, sent) == task.ledger


@pytest.mark.parametrize("counted", [0, 2])
def test_a_step_whose_sum_is_broken_is_refused(counted: int) -> None:
    """A record that became nothing, or two things, is a fault: nothing is entered."""
    step = Step()
    step.count("counted", counted)
    ledger = Ledger()
    with pytest.raises(LedgerBroken, match=rf"of 1 records read, {counted} became something"):
        ledger.book(1, step)
    assert Ledger() == ledger


def test_ledgers_of_partitions_add_up() -> None:
    """By what became of the records, and by topic; neither is changed by it."""
    one = Ledger(3, {"counted": 2, "late": 1}, {"late-events": 1}, 5)
    two = Ledger(1, {"counted": 1}, {"click-counts": 4}, 1)
    expected = Ledger(4, {"counted": 3, "late": 1}, {"late-events": 1, "click-counts": 4}, 6)
    assert expected == one + two
    assert (Ledger(1, {"counted": 1}, {"click-counts": 4}, 1), True) == (two, two.balanced)
    assert not Ledger(2, {"counted": 1}).balanced


def test_a_ledger_is_kept_as_json() -> None:
    """Names that operators read."""
    step = Step()
    step.count("counted", 2)
    step.send("late-events", Output(None, b"{}"))
    ledger = Ledger()
    ledger.book(2, step)
    expected = b'{"read":2,"became":{"counted":2},"sent":{"late-events":1},"lost":0}'
    assert expected == msgspec.json.encode(ledger)
    assert ledger == msgspec.json.decode(expected, type=Ledger)


def test_a_purchase_that_is_there_already_is_a_dead_letter() -> None:
    """Somebody copied it into the inner topic: it stops nobody, and buys nothing twice."""
    task = Task(_joining)
    bought = inner("u", at("10:01"), "purchases-0-1", productId="p")
    assert [DEAD_LETTERS] == list(task.run([bought, bought]))
    assert {"purchases": 1, "deadLetters": 1} == task.ledger.became
