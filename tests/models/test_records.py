"""Which records are clicks and purchases, and why the others are dead letters."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import RecordRejected, RejectCode
from models.fields import YEAR_9000_MS
from models.records import Click, Purchase, parse_click, parse_purchase
from models.timestamps import MAX_MS, MIN_MS, iso

T2000 = 946_684_800_000
NOW_MS = 1_715_940_303_123
DAY_MS = 86_400_000
NO_TIMESTAMP = -1

Parse = Callable[[bytes | None, int, int], Click | Purchase]
BOTH = pytest.mark.parametrize("parse", [parse_click, parse_purchase])


def value_of(**fields: object) -> bytes:
    """A valid value of either kind, but for these fields; a field that is ... is left out."""
    valid: dict[str, object] = {"userId": "u", "productId": "p", "timestamp": NOW_MS}
    return json.dumps({k: v for k, v in (valid | fields).items() if v is not ...}).encode()


def code_of(parse: Parse, value: bytes | None, record_ms: int = NOW_MS, skew_ms: int = 0) -> str:
    """Why a record is rejected, or the empty string."""
    try:
        parse(value, record_ms, skew_ms)
    except RecordRejected as rejected:
        return rejected.code
    return ""


def test_a_click_has_a_user_and_a_timestamp_and_optionally_more() -> None:
    """What is absent is None; what has no meaning here is kept aside."""
    whole = value_of(page="/a", userAgent="curl/8", orderId=1)
    click = parse_click(whole, NOW_MS, 0)
    assert ("u", NOW_MS, "/a", "p", "curl/8") == (
        click.user_id,
        click.timestamp_ms,
        click.page,
        click.product_id,
        click.user_agent,
    )
    assert {"orderId": b"1"} == {name: bytes(raw) for name, raw in click.extra.items()}
    expected = Click("u", NOW_MS, None, None, None, {})
    assert expected == parse_click(value_of(productId=...), NOW_MS, 0)


def test_a_purchase_has_a_user_a_product_and_a_timestamp() -> None:
    """A page or a user agent has no meaning there, so it may be anything."""
    purchase = parse_purchase(value_of(page=1.5, userAgent=[]), NOW_MS, 0)
    assert ("u", "p", NOW_MS) == (purchase.user_id, purchase.product_id, purchase.timestamp_ms)
    kept = {name: bytes(raw) for name, raw in purchase.extra.items()}
    assert {"page": b"1.5", "userAgent": b"[]"} == kept


@BOTH
@pytest.mark.parametrize("absent", [..., None])
def test_a_required_field_is_neither_absent_nor_null(parse: Parse, absent: object) -> None:
    """Null counts as absent."""
    assert RejectCode.MISSING_FIELD == code_of(parse, value_of(userId=absent))
    assert RejectCode.MISSING_FIELD == code_of(parse, value_of(timestamp=absent))
    assert RejectCode.MISSING_FIELD == code_of(parse_purchase, value_of(productId=absent))


@pytest.mark.parametrize("name", ["page", "productId", "userAgent"])
def test_an_optional_field_that_is_null_is_absent(name: str) -> None:
    """The click is the same as without it."""
    without = parse_click(value_of(**{name: ...}), NOW_MS, 0)
    assert without == parse_click(value_of(**{name: None}), NOW_MS, 0)


@BOTH
@pytest.mark.parametrize("name", ["userId", "productId"])
@pytest.mark.parametrize("value", [True, False, 1.0, -0.5, [], {}, ["u"], {"id": 1}])
def test_an_id_is_text_or_an_integer(parse: Parse, name: str, value: object) -> None:
    """A bool or a float is neither, even if it is whole."""
    assert RejectCode.WRONG_TYPE == code_of(parse, value_of(**{name: value}))


@pytest.mark.parametrize("literal", ["1e3", "1E400", "1.00", "[1e400]", "-0.0"])
def test_a_number_with_a_point_or_an_exponent_is_no_integer(literal: str) -> None:
    """However large, and whatever its value."""
    value = value_of().replace(b'"u"', literal.encode())
    assert RejectCode.WRONG_TYPE == code_of(parse_click, value)


@pytest.mark.parametrize("name", ["page", "userAgent"])
@pytest.mark.parametrize("value", [0, 1.5, True, [], {}, ["/a"], 10**30])
def test_page_and_user_agent_are_text(name: str, value: object) -> None:
    """Nothing is converted to text."""
    assert RejectCode.WRONG_TYPE == code_of(parse_click, value_of(**{name: value}))
    assert not code_of(parse_click, value_of(**{name: ""}))
    assert not code_of(parse_click, value_of(**{name: 100_000 * "x"}))


@given(st.integers() | st.integers(-(10**255) + 1, 10**256 - 1))
def test_an_integer_id_is_its_decimal_text(number: int) -> None:
    """Of any size that fits; as if it had been sent as text."""
    as_integer = parse_purchase(value_of(userId=number, productId=number), NOW_MS, 0)
    assert (str(number), str(number)) == (as_integer.user_id, as_integer.product_id)
    as_text = parse_purchase(value_of(userId=str(number), productId=str(number)), NOW_MS, 0)
    assert as_text == as_integer


def test_minus_zero_is_zero() -> None:
    """One number, one id."""
    assert "0" == parse_click(value_of().replace(b'"u"', b"-0"), NOW_MS, 0).user_id


@BOTH
@pytest.mark.parametrize("name", ["userId", "productId"])
@pytest.mark.parametrize("char", ["x", "é", "€", "😀"])
def test_an_id_has_at_most_256_bytes(parse: Parse, name: str, char: str) -> None:
    """Bytes of UTF-8, not characters."""
    size = len(char.encode())
    longest = "y" * (256 % size) + char * (256 // size)
    assert not code_of(parse, value_of(**{name: longest}))
    assert RejectCode.BAD_ID == code_of(parse, value_of(**{name: "y" + longest}))


@BOTH
@pytest.mark.parametrize("name", ["userId", "productId"])
def test_an_id_is_not_empty_and_an_integer_has_at_most_256_digits(parse: Parse, name: str) -> None:
    """A sign counts as a byte; thousands of digits are no wrong type, but too long."""
    assert RejectCode.BAD_ID == code_of(parse, value_of(**{name: ""}))
    assert not code_of(parse, value_of(**{name: " "}))
    for digits, expected in ((256, ""), (257, "bad_id"), (5000, "bad_id"), (100_000, "bad_id")):
        value = value_of(**{name: "#"}).replace(b'"#"', b"7" * digits)
        assert expected == code_of(parse, value)
    negative = value_of(**{name: "#"}).replace(b'"#"', b"-" + b"7" * 256)
    assert RejectCode.BAD_ID == code_of(parse, negative)


@BOTH
@pytest.mark.parametrize("value", [True, float(NOW_MS), [], {}, [NOW_MS]])
def test_a_timestamp_is_text_or_an_integer(parse: Parse, value: object) -> None:
    """Seconds with a fraction are refused, not guessed."""
    assert RejectCode.WRONG_TYPE == code_of(parse, value_of(timestamp=value))


@BOTH
@pytest.mark.parametrize("value", ["", "now", "2024-02-30", MAX_MS + 1, MIN_MS - 1, 10**4000])
def test_a_timestamp_that_can_not_be_read_is_rejected(parse: Parse, value: object) -> None:
    """Text of no ISO form, or an instant outside the years 1 to 9999."""
    assert RejectCode.BAD_TIMESTAMP == code_of(parse, value_of(timestamp=value), NO_TIMESTAMP)


def test_a_timestamp_of_any_number_of_digits_is_no_crash() -> None:
    """Python itself converts 4,300 digits at most."""
    value = value_of(timestamp="#").replace(b'"#"', b"9" * 100_000)
    assert RejectCode.BAD_TIMESTAMP == code_of(parse_click, value)


@BOTH
@pytest.mark.parametrize("as_sent", [int, iso])
def test_nothing_happened_before_2000(parse: Parse, as_sent: Callable[[int], object]) -> None:
    """The first millisecond of 2000 is taken, the one before it is not."""
    assert not code_of(parse, value_of(timestamp=as_sent(T2000)), T2000)
    assert RejectCode.BEFORE_2000 == code_of(parse, value_of(timestamp=as_sent(T2000 - 1)))
    assert RejectCode.BEFORE_2000 == code_of(parse, value_of(timestamp=as_sent(MIN_MS)))


@BOTH
@pytest.mark.parametrize("skew_ms", [0, 1, DAY_MS])
def test_the_future_begins_after_the_kafka_timestamp_plus_the_skew(
    parse: Parse, skew_ms: int
) -> None:
    """Exactly that instant is taken, one millisecond more is not."""
    latest = NOW_MS + skew_ms
    assert not code_of(parse, value_of(timestamp=latest), NOW_MS, skew_ms)
    future = value_of(timestamp=latest + 1)
    assert RejectCode.IN_THE_FUTURE == code_of(parse, future, NOW_MS, skew_ms)


@BOTH
def test_without_a_kafka_timestamp_nothing_is_in_the_future(parse: Parse) -> None:
    """There is nothing to compare with, and the clock is not asked; zero is a timestamp."""
    assert not code_of(parse, value_of(timestamp=YEAR_9000_MS - 1), NO_TIMESTAMP)
    assert RejectCode.IN_THE_FUTURE == code_of(parse, value_of(timestamp=MAX_MS), 0)


def test_of_several_faults_the_first_is_told() -> None:
    """The value as a whole, then the fields in the order of the topics' table."""
    value = value_of(userId=1.5, timestamp="now", page=1)
    assert RejectCode.WRONG_TYPE == code_of(parse_click, value)
    assert RejectCode.BAD_TIMESTAMP == code_of(parse_click, value_of(timestamp="now", page=1))
    purchase = value_of(productId="", timestamp="now")
    assert RejectCode.BAD_ID == code_of(parse_purchase, purchase)
    assert RejectCode.NOT_JSON == code_of(parse_click, value[:-1])
    assert RejectCode.NO_VALUE == code_of(parse_click, None)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"userId": ...}, "userId is required; got none, or null."),
        ({"userId": 1.5}, "userId is text or an integer; got '1.5'."),
        ({"userId": 300 * "x"}, f"got 300 in '{78 * 'x'}…. Give every user"),
        ({"page": ["a\n"]}, "page is text; got '[\"a\\\\n\"]'."),
        ({"timestamp": "noon"}, "got '\"noon\"'. Send it as 2000-01-01T00:00:00.000Z."),
        ({"timestamp": 1_715_940_303}, "got '1715940303', which is 1970-01-20T20:39:00.303Z."),
        ({"timestamp": NOW_MS + 1}, f"which is {iso(NOW_MS + 1)}. Set the producer's clock"),
    ],
)
def test_a_message_says_the_rule_what_was_got_and_the_remedy(
    fields: dict[str, Any], expected: str
) -> None:
    """An operator need not look up the code."""
    with pytest.raises(RecordRejected) as caught:
        parse_click(value_of(**fields), NOW_MS, 0)
    assert expected in caught.value.message
