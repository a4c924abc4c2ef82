"""Laws of dead letters, and of inner records that this application did not write."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from models.counting import Counting
from models.dead_letters import bad_inner_record, dead_letter
from models.join import JoinRules
from models.joining import Joining
from models.watermark import StreamTime
from models.windows import WindowRules
from tests.models.fakes import BY_USER, DAY, ENRICHED, HOUR, MINUTE, Record, Task, at, inner, said

GOOD = json.loads(inner("u", at("10:01"), productId="p").value or b"")


def counting() -> Task:
    """The counting stage over one input partition."""
    rules = WindowRules(5 * MINUTE, 2 * MINUTE, 0)
    return Task(lambda rows: Counting(rules, StreamTime({"clicks": 1}, 1), rows))


def joining() -> Task:
    """The joining stage over one input partition each."""
    partitions = {"clicks": 1, "purchases": 1}
    rules = JoinRules(HOUR, 0, 0)
    return Task(lambda rows: Joining(rules, StreamTime(partitions, 1), rows, BY_USER))


STAGES = pytest.mark.parametrize("make", [counting, joining])


def foreign(**fields: object) -> bytes:
    """A good inner record with some fields changed, or dropped by None."""
    changed = {**GOOD, **fields}
    return json.dumps(
        {name: value for name, value in changed.items() if value is not None}
    ).encode()


def test_a_dead_letter_keeps_what_was_received() -> None:
    """Ours are the headers code, message and source; those of their names are replaced."""
    received = Record("t", 2, 5, DAY, b"k", b"v", (("a", b"1"), ("source", b"x"), ("a", b"2")))
    letter = dead_letter(received, "t-2-5", "bad", "a rule")
    assert (b"k", b"v", None) == (letter.key, letter.value, letter.partition)
    ours = (("code", b"bad"), ("message", b"a rule"), ("source", b"t-2-5"))
    assert (("a", b"1"), ("a", b"2"), *ours) == tuple(letter.headers)


def test_a_bad_inner_record_names_the_topic_and_what_was_wrong() -> None:
    """The rule, what was got, the remedy."""
    letter = bad_inner_record(Record(ENRICHED, 1, 7), ValueError("no dash"))
    headers = dict(letter.headers)
    assert (b"bad_inner_record", b"enriched-clicks-1-7") == (headers["code"], headers["source"])
    assert b"enriched-clicks" in headers["message"]
    assert b"no dash" in headers["message"]


@STAGES
@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"{",
        b"[]",
        b"\xff",
        b'{"userId":"u"}',
        foreign(timestamp=None),
        foreign(timestamp=DAY),
        foreign(timestamp="2024-01-01"),
        foreign(streamTime=None),
        foreign(streamTime="soon"),
        foreign(sourceRecord=None),
        foreign(sourceRecord=""),
    ],
)
def test_a_malformed_inner_record_becomes_a_dead_letter(
    make: Callable[[], Task], value: bytes
) -> None:
    """It stops no stage: the records around it count."""
    task = make()
    strange = Record(ENRICHED, 0, 3, DAY, b"u", value, (("trace", b"1"),))
    sent = task.run([inner("u", at("10:01"), productId="p"), strange])
    (letter,) = sent["dead-letters"]
    assert (b"u", value) == (letter.key, letter.value)
    assert b"bad_inner_record" == dict(letter.headers)["code"]
    assert b"1" == dict(letter.headers)["trace"]
    alone = make()
    alone.run([inner("u", at("10:01"), productId="p")])
    assert alone.rows.rows == task.rows.rows


def test_a_bad_source_of_a_purchase_becomes_a_dead_letter() -> None:
    """The join needs its partition and offset to break ties."""
    value = foreign(sourceRecord="purchases-x-1")
    sent = joining().run([Record(BY_USER, value=value, key=b"u")])
    assert ["dead-letters"] == list(sent)


@pytest.mark.parametrize("other", [{"userId": "v"}, {"productId": "q"}, {}])
def test_a_purchase_from_the_source_of_one_that_waits_becomes_a_dead_letter(
    other: dict[str, str],
) -> None:
    """They would share a row, whosever they are."""
    first = Record(BY_USER, value=foreign(), key=b"u")
    second = Record(BY_USER, value=foreign(**other), key=other.get("userId", "u").encode())
    sent = joining().run([first, second])
    assert 1 == len(sent["dead-letters"])


def test_a_product_longer_than_any_that_is_admitted_becomes_a_dead_letter() -> None:
    """The join's keys hold 256 bytes of it."""
    value = foreign(productId="p" * 257)
    sent = joining().run([Record(BY_USER, value=value, key=b"u")])
    assert ["dead-letters"] == list(sent)


@STAGES
def test_a_malformed_inner_record_does_not_move_stream_time(make: Callable[[], Task]) -> None:
    """Nothing is known of its input partition."""
    task: Any = make()
    task.run(
        [Record(ENRICHED, key=b"u", value=foreign(timestamp="x", streamTime=GOOD["timestamp"]))]
    )
    assert [] == said(task.sent, "late-events")
    assert not task.stage.time.dump().latest


@STAGES
@pytest.mark.parametrize(
    "strange",
    [
        Record(ENRICHED, key=b"other", value=foreign()),
        Record(ENRICHED, key=b"\xff", value=foreign()),
        Record(ENRICHED, key=None, value=foreign()),
        Record(ENRICHED, key=b"u", value=foreign(timestamp="1969-01-01T00:00:00.000Z")),
        Record(ENRICHED, headers=(("watermark", b"clicks-0"), ("stream-time", b"soon"))),
        Record(ENRICHED, headers=(("watermark", b"\xff"), ("stream-time", b"1"))),
        Record(ENRICHED, headers=(("idle", b"clicks-0"),)),
        Record(ENRICHED, headers=()),
    ],
)
def test_no_foreign_inner_record_stops_a_stage(make: Callable[[], Task], strange: Record) -> None:
    """Whatever is wrong with it, it is a dead letter, and the next record is taken."""
    task = make()
    sent = task.run([strange, inner("u", at("10:01"))])
    (letter,) = sent["dead-letters"]
    assert b"bad_inner_record" == dict(letter.headers)["code"]
