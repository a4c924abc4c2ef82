"""Laws of the lines that tail prints: readable, and harmless to a terminal."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.inputs.errors import InputError
from app.records import KafkaRecord
from app.tailing.follow import start_ms
from app.tailing.lines import TOPICS, as_json, line, wanted
from models.stage import InputRecord

HEADERS = (("code", b"not_json"), ("message", b"JSON; got \x1b[2J"), ("source", b"clicks-0-1"))


def record(
    value: bytes | None, topic: str = "click-counts", key: bytes | None = b"u"
) -> InputRecord:
    """A record of a topic."""
    headers = HEADERS if topic == "dead-letters" else ()
    return KafkaRecord(topic, 1, 2, 1_800_000_000_000, key, value, headers)


@pytest.mark.parametrize(
    ("topic", "value", "expected"),
    [
        (
            "click-counts",
            {"userId": "u", "clickCount": 3, "windowStart": "S", "windowEnd": "E"},
            "S to E  u  3 clicks",
        ),
        (
            "click-counts",
            {"userId": "u", "clickCount": 4, "windowStart": "S", "windowEnd": "E", "revision": 1},
            "S to E  u  4 clicks, revision 1",
        ),
        (
            "late-events",
            {
                "stage": "join",
                "lateBy": 1.5,
                "record": {"userId": "u", "timestamp": "T", "sourceRecord": "clicks-0-1"},
            },
            "T  u  late for join by 1.5 s  clicks-0-1",
        ),
        (
            "conversion-events",
            {
                "userId": "u",
                "productId": "p",
                "clickTimestamp": "C",
                "purchaseTimestamp": "P",
                "timeToPurchase": 2.5,
            },
            "P  u  p  bought 2.5 s after the click at C",
        ),
        (
            "enriched-clicks",
            {"userId": "u", "timestamp": "T", "page": "/p", "device": "tv", "bot": True},
            "T  u  /p  (tv bot)",
        ),
    ],
)
def test_a_record_is_one_line_of_when_who_and_what(
    topic: str, value: object, expected: str
) -> None:
    """Of each topic what matters."""
    assert expected == line(topic, record(json.dumps(value).encode(), topic))


def test_a_dead_letter_tells_code_message_source_and_its_first_bytes() -> None:
    """With escapes for whatever is not printable ASCII."""
    told = line("dead-letters", record(b"{\x1b[31m\xff", "dead-letters"))
    assert told.startswith("2027-01-15T08:00:00.000Z  clicks-0-1  not_json: JSON; got \\x1b[2J  ")
    assert told.endswith(r"{\x1b[31m\xff")
    assert line("dead-letters", record(b"x" * 161, "dead-letters")).endswith("x … 161 bytes")
    assert line("dead-letters", record(None, "dead-letters")).endswith("no value")


NASTY = st.one_of(
    st.binary(max_size=50),
    st.dictionaries(st.sampled_from(["userId", "page", "record", "windowStart"]), st.text()).map(
        lambda fields: json.dumps(fields).encode()
    ),
)


@given(st.sampled_from(TOPICS), NASTY, st.binary(max_size=9))
def test_nothing_in_a_record_reaches_the_terminal_raw(topic: str, value: bytes, key: bytes) -> None:
    """No control or format character, in a line or in JSON; and it is one line."""
    held = record(value, topic, key)
    assert line(topic, held).isprintable()
    told = as_json(held)
    assert told.isascii()
    assert told.isprintable()
    assert 2 == json.loads(told)["offset"]


def test_json_is_the_record_to_the_letter() -> None:
    """Numbers as they were written; bytes that are no JSON in base64."""
    told = as_json(record('{"a": 1.10, "b": "é\U0001f600"}'.encode()))
    assert '"value":{"a":1.10,' in told
    assert {"a": 1.1, "b": "é\U0001f600"} == json.loads(told)["value"]
    assert "ew==" == json.loads(as_json(record(b"{")))["bytes"]
    assert json.loads(as_json(record(None)))["value"] is None


def test_signals_are_no_records_and_users_are_chosen_by_key_or_value() -> None:
    """A dead letter may have any key: its value may name the user."""
    assert not wanted("enriched-clicks", record(None, "enriched-clicks"), None)
    assert wanted("dead-letters", record(None, "dead-letters"), None)
    assert [True, False] == [wanted("click-counts", record(b"{}"), user) for user in ("u", "v")]
    assert wanted("dead-letters", record(b'{"userId":"v"}', "dead-letters"), "v")


def test_it_begins_at_the_beginning_now_or_a_time() -> None:
    """Anything else is refused with what it must be."""
    assert start_ms("beginning") is None
    assert 0 == start_ms("1970-01-01T00:00:00Z")
    assert (start_ms("now") or 0) > 1_700_000_000_000
    with pytest.raises(InputError, match="--from is beginning, now or a time"):
        start_ms("yesterday")
