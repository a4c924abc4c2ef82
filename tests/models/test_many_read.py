"""The law of what reads many records at a time: what it gives, one by one gives."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.inner import Inner, Reader, Stamped, Viewed
from models.intake import CLICKS, PURCHASES, Intake, IntakeRules, Kind
from models.join import ClickKeys, JoinRules, Source, check_product, click_prefix
from models.stage import Rows, Stage, Step
from models.watermark import Headers, StreamTime, watermark_headers, watermark_of
from tests.models.bad_records import HEADERS, KAFKA_TIMES, KEYS, VALUES
from tests.models.fakes import DAY, Record, inner
from tests.models.inner_logs import LOGS
from tests.models.many import SIZES, batched, run, singly
from tests.nasty import FUTURE_SKEW_MS, RECORD_MS, corpus

RUBBISH = st.builds(Record, timestamp=KAFKA_TIMES, key=KEYS, value=VALUES, headers=HEADERS)
_NASTY = [Record(timestamp=RECORD_MS, value=nasty.value) for nasty in corpus()]
_GOOD = Record(value=b'{"userId":"u","productId":"p","timestamp":%d}' % RECORD_MS)
INPUTS = st.one_of(
    st.lists(st.sampled_from(_NASTY) | st.just(_GOOD), max_size=12),
    st.lists(st.just(_GOOD) | RUBBISH, max_size=12),
)
PRODUCTS = st.sampled_from(["", "p", "é" * 128, "é" * 129, "p" * 257])
_SOURCES = ["clicks-0-1", "clicks-0-2", "clicks-1-1", "clicks-0-x", "clicks-x-1", "clicks-0-"]
_SOURCES += ["clicks", "-0-1", "0-1", f"a-b-0-{10**18}", f"clicks-0-{10**19}", f"clicks-{10**9}-1"]
_SOURCES += ["clicks-\u0663-\u0661", "clicks-0-\u0661"]
SOURCES = st.sampled_from(_SOURCES)


@settings(max_examples=600, deadline=None)
@given(LOGS | st.lists(RUBBISH, max_size=8), st.sampled_from([Stamped, Inner, Viewed]))
def test_inner_records_are_read_many_at_a_time_as_one_by_one(
    records: list[Record], fields: type[Stamped]
) -> None:
    """The same is read of each, and the same are dead letters."""
    many, each = Step(), Step()
    columns = Reader(fields).columns([record for record in records if record.value is not None])
    expected = list(Reader(fields).read(records, None, each))
    assert expected == list(Reader(fields).read(records, columns, many))
    assert each == many


_A, _B = (inner(user, DAY).value or b"" for user in "ab")


@pytest.mark.parametrize(
    "values",
    [
        [b"", _A + _B],
        [_A[:-1], b"}" + _B],
        [b'{"x":{}', b"," + _A[1:] + _B],
        [b'{"x":', b"{}," + _A[1:] + _B],
        [_A + b'{"x":{}', b"," + _B[1:]],
        [_A + b"\n" + _B, _B],
    ],
)
def test_two_records_in_one_value_are_never_read_as_two(values: list[bytes]) -> None:
    """Though their lines together hold good records of the users that are the keys."""
    keys = (b"a", b"b")
    records = [Record(key=key, value=v) for key, v in zip(keys, values, strict=True)]
    assert Reader(Inner).columns(records) is None


INTAKE_RULES = IntakeRules("out", 2, FUTURE_SKEW_MS, 5, 1_000)


def taken(kind: Kind[Any]) -> Callable[[Rows], Stage]:
    """Enrichment or admission."""
    return lambda _: Intake(kind, INTAKE_RULES, "clicks-0")


@pytest.mark.parametrize("kind", [CLICKS, PURCHASES], ids=lambda kind: kind.passed)
@settings(max_examples=400, deadline=None)
@given(INPUTS, SIZES)
def test_input_records_are_taken_many_at_a_time_as_one_by_one(
    kind: Kind[Any], records: list[Record], sizes: list[int]
) -> None:
    """From the corpus and worse; told is the stream time of each step, so steps are the same."""
    records = [replace(record, offset=n) for n, record in enumerate(records)]
    slow = replace(kind, parse_all=lambda *_: None)
    batches = batched(records, sizes)
    assert run(taken(slow), batches).told() == run(taken(kind), batches).told()
    each, many = run(taken(slow), singly(records)), run(taken(kind), [records])
    assert each.stage.dump() == many.stage.dump()
    assert +each.became == +many.became


@settings(max_examples=300, deadline=None)
@given(st.data(), st.integers(0, 1 << 47), st.sampled_from([1, 7, 3_600_000]))
def test_keys_of_clicks_are_what_their_parts_say(
    data: st.DataObject, event_ms: int, within_ms: int
) -> None:
    """Many by the same maker, some of no source or with a product too long."""
    rules = JoinRules(within_ms, 0, 0)
    keys = ClickKeys(rules)
    for product, source in data.draw(st.lists(st.tuples(PRODUCTS, SOURCES), max_size=9)):
        try:
            check_product(product)
            place = Source.of(source)
        except ValueError:
            with pytest.raises(ValueError, match=r"."):
                keys.of(event_ms, b"u", product, source)
            continue
        prefix = click_prefix(rules.bucket_of(event_ms), b"u", product)
        key = prefix + event_ms.to_bytes(8, "big") + place.to_bytes()
        assert (prefix, key) == keys.of(event_ms, b"u", product, source)


_TOLD: list[bytes | None] = [None, b"", b"clicks-0", b"other", b"\xff", "é".encode(), b"0", b"-1"]
_TOLD += [b"253402300799999", b"253402300800000", b"9" * 15, b"9" * 16, b"1_0", b" 1", b"1" * 15]
_TOLD.append("\u0661".encode())
_NAMES = ["watermark", "stream-time", "idle", "idle-for", "appended"]
_SIGNALS = st.lists(
    st.tuples(st.sampled_from(_NAMES), st.sampled_from(_TOLD)),
    max_size=5,
) | st.builds(watermark_headers, st.sampled_from(["clicks-0", "q"]), st.integers(-5, DAY))


@settings(max_examples=1_000, deadline=None)
@given(_SIGNALS | HEADERS)
def test_a_watermark_read_at_once_is_what_a_signal_is_heard_as(headers: Headers) -> None:
    """Or is none: it may come twice, say too much, or be an idle record as well."""
    told = watermark_of(headers)
    if told is not None:
        known, heard = (StreamTime({"clicks": 1}, 5) for _ in range(2))
        known.hear(*told, DAY)
        heard.hear_control(headers, DAY)
        assert known.dump() == heard.dump()


def test_what_a_stage_tells_is_read_at_once() -> None:
    """With the time of the input record before it, or without."""
    for appended_ms in (None, DAY):
        assert ("clicks-0", 7) == watermark_of(watermark_headers("clicks-0", 7, appended_ms))
