"""What is written of a record, and that the rest passes through to the letter."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from models.errors import RecordRejected, RejectCode
from models.json_object import decode_object
from models.records import (
    encode_enriched,
    encode_purchase,
    input_partition,
    parse_click,
    parse_purchase,
    source_record,
)
from models.user_agents import UserAgent

T2000 = 946_684_800_000
CHROME = UserAgent("desktop", "Chrome", "Windows", bot=False)
IDS = st.text(min_size=1, max_size=64)
INSTANTS = st.integers(T2000, T2000 + 10**12)
#: JSON whose bytes a careless reader changes.
RAW = st.one_of(
    st.sampled_from(["1.10", "1e400", "-0", "-0.0", "1E+2", "[ 1,\n 2 ]", '"\\u0041\\/"', "null"]),
    st.integers(-(10**40), 10**40).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.text().map(json.dumps),
    st.text().map(lambda text: json.dumps(text, ensure_ascii=False)),
)


def enriched(value: str | bytes) -> bytes:
    """A click's value as it is passed on."""
    text = value.encode() if isinstance(value, str) else value
    click = parse_click(text, -1, 0)
    return encode_enriched(click, CHROME, "clicks-3-17", T2000)


def admitted(value: str | bytes) -> bytes:
    """A purchase's value as it is passed on."""
    text = value.encode() if isinstance(value, str) else value
    return encode_purchase(parse_purchase(text, -1, 0), "shop.purchases-0-9", T2000)


def test_an_enriched_click_has_our_fields_in_order_then_the_others() -> None:
    """No userAgent: it has become device, browser, os and bot."""
    value = (
        '{"z":1.10,"userAgent":"Mozilla","timestamp":"2000-01-01T01:00:00.0009+01:00",'
        '"productId":42,"page":"/é","userId":7,"a":{"b":[1, 2]}}'
    )
    expected = (
        '{"userId":"7","page":"/é","productId":"42","timestamp":"2000-01-01T00:00:00.000Z",'
        '"device":"desktop","browser":"Chrome","os":"Windows","bot":false,'
        '"sourceRecord":"clicks-3-17","streamTime":"2000-01-01T00:00:00.000Z",'
        '"z":1.10,"a":{"b":[1, 2]}}'
    )
    assert expected == enriched(value).decode()


def test_an_optional_field_that_is_absent_or_null_is_absent() -> None:
    """Not null: consumers need one check only."""
    expected = (
        '{"userId":"u","timestamp":"2000-01-01T00:00:00.000Z","device":"desktop",'
        '"browser":"Chrome","os":"Windows","bot":false,"sourceRecord":"clicks-3-17",'
        '"streamTime":"2000-01-01T00:00:00.000Z"}'
    )
    absent = f'{{"userId":"u","timestamp":{T2000}}}'
    null = f'{{"userId":"u","page":null,"productId":null,"userAgent":null,"timestamp":{T2000}}}'
    assert (expected, expected) == (enriched(absent).decode(), enriched(null).decode())


def test_an_admitted_purchase_has_our_fields_in_order_then_the_others() -> None:
    """Its timestamp is normalised."""
    value = f'{{"amount":1.10,"productId":"p","timestamp":{T2000 + 1},"userId":"u","page":null}}'
    expected = (
        '{"userId":"u","productId":"p","timestamp":"2000-01-01T00:00:00.001Z",'
        '"sourceRecord":"shop.purchases-0-9","streamTime":"2000-01-01T00:00:00.000Z",'
        '"amount":1.10,"page":null}'
    )
    assert expected == admitted(value).decode()


CLASHING = ["device", "browser", "os", "bot", "sourceRecord", "streamTime", "d\\u0065vice"]


@pytest.mark.parametrize("name", CLASHING)
def test_where_a_name_clashes_with_ours_ours_wins(name: str) -> None:
    """Once, in its place, however the name is escaped; the others stay."""
    plain = f'{{"userId":"u","timestamp":{T2000},"x":1}}'
    clash = f'{{"{name}":"theirs","userId":"u","timestamp":{T2000},"x":1}}'
    assert enriched(plain) == enriched(clash)


@pytest.mark.parametrize("name", ["sourceRecord", "streamTime"])
def test_ours_wins_for_purchases_too(name: str) -> None:
    """But device and the like are the purchase's own."""
    plain = f'{{"userId":"u","productId":"p","timestamp":{T2000},"device":"till"}}'
    assert admitted(plain) == admitted(plain.replace("{", f'{{"{name}":[],'))
    assert "till" == json.loads(admitted(plain))["device"]


OURS = {"userId", "productId", "page", "userAgent", "timestamp", *CLASHING}
OTHERS = st.dictionaries(st.text().filter(lambda name: name not in OURS), RAW)


@given(OTHERS)
@example({"": "1.10", "é": "1e400"})
def test_unknown_fields_are_passed_on_to_the_letter(others: dict[str, str]) -> None:
    """Each value byte for byte, in the order received, whatever its name."""
    members = [f"{json.dumps(name)}:{raw}" for name, raw in others.items()]
    value = "{" + ",".join([*members, f'"userId":1,"productId":2,"timestamp":{T2000}']) + "}"
    for output in (enriched(value), admitted(value)):
        fields = [(name, bytes(raw).decode()) for name, raw in decode_object(output).items()]
        assert list(others.items()) == fields[len(fields) - len(others) :]


@given(IDS, IDS, INSTANTS, st.text())
def test_what_is_written_reads_back(user: str, product: str, ms: int, page: str) -> None:
    """An output read as an input is the same click, the same purchase."""
    value = json.dumps({"userId": user, "productId": product, "timestamp": ms, "page": page})
    click, purchase = parse_click(value.encode(), -1, 0), parse_purchase(value.encode(), -1, 0)
    again = parse_click(encode_enriched(click, CHROME, "c-0-0", ms), -1, 0)
    assert (user, product, ms, page) == (
        again.user_id,
        again.product_id,
        again.timestamp_ms,
        again.page,
    )
    bought = parse_purchase(encode_purchase(purchase, "p-0-0", ms), -1, 0)
    assert (user, product, ms) == (bought.user_id, bought.product_id, bought.timestamp_ms)
    assert purchase.extra["page"] == bought.extra["page"]


MEMBERS = ['"userId"', '"timestamp"', '"productId"', '"a"', ":", ",", "{", "}", "[", "]", " "]
VALUES_OF_MEMBERS = [str(T2000), '"2024-01-01"', '""', "null", "1e400", "9" * 300, '"\\ud800"']
SCRAPS = st.sampled_from([*MEMBERS, *VALUES_OF_MEMBERS])
VALUES = (
    st.none()
    | st.binary()
    | st.lists(SCRAPS).map("".join).map(str.encode)
    | st.dictionaries(
        st.sampled_from(["userId", "timestamp", "productId", "page", "userAgent", "x"]), RAW
    ).map(lambda d: ("{" + ",".join(f'"{k}":{v}' for k, v in d.items()) + "}").encode())
)


@given(VALUES, st.integers(-1, 2**63), st.integers(0, 2**40))
def test_any_value_is_written_or_rejected_with_a_code(
    value: bytes | None, record_ms: int, skew_ms: int
) -> None:
    """Never another exception; and the same record is always decided the same."""
    outcomes = []
    for _ in range(2):
        try:
            click = parse_click(value, record_ms, skew_ms)
            outcomes.append(encode_enriched(click, CHROME, "c-0-0", click.timestamp_ms))
            purchase = parse_purchase(value, record_ms, skew_ms)
            outcomes.append(encode_purchase(purchase, "p-0-0", purchase.timestamp_ms))
        except RecordRejected as rejected:
            outcomes.append(RejectCode(rejected.code).encode())
    half = len(outcomes) // 2
    assert outcomes[:half] == outcomes[half:]


@given(st.from_regex(r"[a-zA-Z0-9._-]{1,30}", fullmatch=True), st.integers(0), st.integers(0))
def test_a_source_record_names_its_input_partition(topic: str, partition: int, offset: int) -> None:
    """Also when the topic's name has dashes and digits."""
    assert f"{topic}-{partition}" == input_partition(source_record(topic, partition, offset))


def test_a_source_record_without_a_dash_is_none() -> None:
    """A foreign record in an inner topic is noticed."""
    with pytest.raises(ValueError, match="<topic>-<partition>-<offset>"):
        input_partition("clicks")
