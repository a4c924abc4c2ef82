"""Bad input by the thousand: each record is passed on once or a dead letter once, and soon."""

import json
import time
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.counting import Counting
from models.errors import RejectCode
from models.intake import CLICKS, PURCHASES, Intake, IntakeRules
from models.join import JoinRules
from models.joining import Joining
from models.ledger import Ledger
from models.stage import Output, Step
from models.watermark import StreamTime
from models.windows import WindowRules
from tests import nasty
from tests.models.bad_records import HEADERS, KAFKA_TIMES, KEYS, VALUES
from tests.models.fakes import BY_USER, ENRICHED, MINUTE, Record, Task, idle, said
from tests.nasty import FUTURE_SKEW_MS, RECORD_MS, Fate, Nasty, corpus

TOPICS = pytest.mark.parametrize("topic", ["clicks", "purchases"])

#: What takes a registry: tests/models/test_wire.py.
_OF_A_REGISTRY = {
    RejectCode.UNKNOWN_SCHEMA,
    RejectCode.UNUSABLE_SCHEMA,
    RejectCode.SCHEMA_MISMATCH,
}
_INNER = {"clicks": ENRICHED, "purchases": BY_USER}
#: Seconds of CPU that a record of 1 MiB may take: forty times what the slowest does.
_SECONDS = 1.0
#: Characters of a message at most: the rule and the remedy, and 80 of what was got.
_MESSAGE_CHARS = 400

RECORDS = st.lists(
    st.builds(Record, timestamp=KAFKA_TIMES, key=KEYS, value=VALUES, headers=HEADERS), max_size=20
)


def intake_of(topic: str) -> Intake[Any]:
    """Enrichment or admission, without watermark or idle records."""
    kinds: dict[str, Any] = {"clicks": CLICKS, "purchases": PURCHASES}
    rules = IntakeRules(_INNER[topic], 0, FUTURE_SKEW_MS, 1 << 62, 1 << 62)
    return Intake(kinds[topic], rules, f"{topic}-0")


def numbered(topic: str, records: Sequence[Record]) -> list[Record]:
    """The records as partition 0 of a topic has them."""
    return [
        Record(topic, 0, offset, r.timestamp, r.key, r.value, r.headers)
        for offset, r in enumerate(records)
    ]


def passed(topic: str, step: Step) -> list[Any]:
    """The values passed on; numbers are not looked at."""
    texts = [output.value or b"" for output in step.outputs.get(_INNER[topic], ())]
    return [json.loads(text, parse_int=str, parse_float=str) for text in texts]


def header(letter: Output, name: str) -> str:
    """The last header of this name, as text."""
    return dict(letter.headers)[name].decode()


def _letters(step: Step) -> Sequence[Output]:
    return step.outputs.get("dead-letters", ())


def fate(topic: str, bad: Nasty) -> Fate:
    """What becomes of a record of the corpus."""
    record = Record(topic, timestamp=RECORD_MS, value=bad.value)
    step = intake_of(topic).step([record], 0, at_end=False)
    for letter in _letters(step):
        return header(letter, "code")
    (value,) = passed(topic, step)
    return {name: value[name] for name in ("userId", "productId", "timestamp") if name in value}


@TOPICS
@pytest.mark.parametrize("file", nasty.FILES)
def test_the_corpus_becomes_what_is_written_beside_it(topic: str, file: str) -> None:
    """Valid records with what was read of them, all others with the rule that they break."""
    records = corpus(file)
    assert {r.name: r.fates[topic] for r in records} == {r.name: fate(topic, r) for r in records}


def test_the_corpus_tries_every_rule() -> None:
    """Each code, for clicks and for purchases; and hundreds of valid records."""
    for topic in _INNER:
        fates = [record.fates[topic] for record in corpus()]
        assert {str(code) for code in RejectCode} - _OF_A_REGISTRY == {
            f for f in fates if isinstance(f, str)
        }
        assert sum(isinstance(f, dict) for f in fates) > 300


@TOPICS
def test_nothing_of_the_year_9000_or_later_is_admitted(topic: str) -> None:
    """Not even without a Kafka timestamp: the end of its window might have no text."""
    value = b'{"userId":"u","productId":"p","timestamp":"%d-01-01"}'
    found = {
        year: intake_of(topic).step(
            [Record(topic, timestamp=-1, value=value % year)], 0, at_end=False
        )
        for year in (8999, 9000, 9999)
    }
    letters = {year: [header(letter, "code") for letter in _letters(found[year])] for year in found}
    assert {8999: [], 9000: ["in_the_future"], 9999: ["in_the_future"]} == letters


@TOPICS
def test_no_record_of_the_corpus_takes_long(topic: str) -> None:
    """Nor does its time grow with the square of its size: a second for 1 MiB would show it."""
    slow = {}
    for record in corpus():
        begun = time.process_time()
        fate(topic, record)
        took = time.process_time() - begun
        if took > _SECONDS:
            slow[record.name] = took
    assert {} == slow


@TOPICS
@settings(max_examples=400, deadline=None)
@given(drawn=RECORDS)
def test_every_record_is_passed_on_once_or_a_dead_letter_once(
    topic: str, drawn: list[Record]
) -> None:
    """As received, with a code, and a message that is short and printable."""
    records = numbered(topic, drawn)
    step = intake_of(topic).step(records, 0, at_end=False)
    ledger = Ledger()
    ledger.book(len(records), step)
    letters = _letters(step)
    sources = [value["sourceRecord"] for value in passed(topic, step)]
    sources += [header(letter, "source") for letter in letters]
    assert sorted(f"{topic}-0-{r.offset}" for r in records) == sorted(sources)
    for letter in letters:
        of = records[int(header(letter, "source").rsplit("-", 1)[1])]
        assert (of.key, of.value) == (letter.key, letter.value)
        assert header(letter, "code") in set(RejectCode)
        assert len(header(letter, "message")) <= _MESSAGE_CHARS
        assert header(letter, "message").isprintable()


@settings(max_examples=400, deadline=None)
@given(clicks=RECORDS, purchases=RECORDS)
def test_what_is_passed_on_stops_nobody(clicks: list[Record], purchases: list[Record]) -> None:
    """Each is counted or late, all windows close, all purchases resolve; nothing is rejected."""
    step = Step()
    for topic, drawn in (("clicks", clicks), ("purchases", purchases)):
        step.outputs |= intake_of(topic).step(numbered(topic, drawn), 0, at_end=False).outputs
    enriched, admitted = (_appended(step, topic) for topic in (ENRICHED, BY_USER))
    counting, joining = stages()
    end = [idle(q, 10**12) for q in ("clicks-0", "purchases-0")]
    counting.run(enriched)
    counting.run(end[:1])
    joining.run([*enriched, *admitted])
    joining.run(end)
    counted = sum(int(value["clickCount"]) for value in said(counting.sent, "click-counts"))
    late = [value["stage"] for value in said(joining.sent, "late-events")]
    assert len(enriched) == counted + len(said(counting.sent, "late-events"))
    assert {*late} <= {"join"}
    assert "dead-letters" not in counting.sent | joining.sent
    assert [] == [key for key in joining.rows.rows if key[:1] == b"p"]


def _appended(step: Step, topic: str) -> list[Record]:
    outputs = step.outputs.get(topic, ())
    return [Record(topic, 0, n, RECORD_MS, o.key, o.value) for n, o in enumerate(outputs)]


def stages() -> tuple[Task, Task]:
    """Counting and joining over one partition of each input."""
    windows, join = WindowRules(5 * MINUTE, 2 * MINUTE, 0), JoinRules(60 * MINUTE, 0, 0)
    times = {"clicks": 1, "purchases": 1}
    return (
        Task(lambda rows: Counting(windows, StreamTime({"clicks": 1}, 1), rows)),
        Task(lambda rows: Joining(join, StreamTime(times, 1), rows, BY_USER)),
    )
