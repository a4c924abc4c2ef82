"""Timestamps in, within and out."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.timestamps import MAX_MS, MIN_MS, from_iso, iso, to_ms

INSTANTS = st.integers(MIN_MS, MAX_MS)
#: In whole seconds: ``fromisoformat`` drops the rest of an offset of less than one.
OFFSETS = st.integers(-86_340, 86_340).map(lambda seconds: timedelta(seconds=seconds))
#: A day clear of the bounds, so that any offset stays within them.
MOMENTS = st.datetimes(
    datetime(1, 1, 2),  # noqa: DTZ001 - Hypothesis adds the offsets.
    datetime(9999, 12, 30),  # noqa: DTZ001
    timezones=OFFSETS.map(timezone),
)
T2000 = 946_684_800_000


@pytest.mark.parametrize(
    ("text", "expected_ms"),
    [
        ("2000-01-01T00:00:00.000Z", T2000),
        ("2000-01-01T00:00:00Z", T2000),
        ("2000-01-01T00:00:00", T2000),
        ("2000-01-01 00:00", T2000),
        ("2000-01-01", T2000),
        ("20000101T000000Z", T2000),
        ("1999-W52-6", T2000),
        ("2000-01-01T05:30:00+05:30", T2000),
        ("1999-12-31T16:00:00-0800", T2000),
        ("2000-01-01T00:00:00,5", T2000 + 500),
        ("2000-01-01T00:00:00.0019", T2000 + 1),
        ("2000-01-01T00:00:00.000999999Z", T2000),
        ("1969-12-31T23:59:59.999999Z", -1),
        ("2000-01-01T00:00:00+00:00:01.000001", T2000 - 1001),
        ("0001-01-01T00:00:00Z", MIN_MS),
        ("9999-12-31T23:59:59.999999Z", MAX_MS),
    ],
)
def test_text_of_every_iso_form_is_read(text: str, expected_ms: int) -> None:
    """Naive is UTC, offsets are converted, finer than a millisecond is cut towards the past."""
    assert expected_ms == to_ms(text)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "yesterday",
        "946684800000",
        "2000-02-30",
        "2000-01-01T00:00:60Z",
        "2000-01-01T00:00:00+24:00",
        " 2000-01-01",
        "2000-01-01T00:00:00Z\n",
        "\ud800",
        "9999-12-31T23:59:59-00:01",
        "0001-01-01T00:00:00+00:01",
        MIN_MS - 1,
        MAX_MS + 1,
        10**5000,
        True,
        946684800000.0,
        None,
        b"2000-01-01",
        [],
    ],
    ids=lambda value: repr(value)[:40] if not isinstance(value, int) else f"int{value % 997}",
)
def test_what_is_no_timestamp_is_a_value_error(value: object) -> None:
    """Whatever the type; so are instants outside the years 1 to 9999 in UTC."""
    with pytest.raises(ValueError, match=r"."):
        to_ms(value)


@given(INSTANTS)
def test_an_integer_is_epoch_milliseconds(ms: int) -> None:
    """It is taken as it is."""
    assert ms == to_ms(ms)


@given(MOMENTS)
def test_an_instant_does_not_depend_on_the_offset_it_is_written_in(moment: datetime) -> None:
    """The same instant in UTC gives the same milliseconds, floored."""
    expected_ms = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    assert expected_ms == to_ms(moment.isoformat())
    assert expected_ms == to_ms(moment.astimezone(UTC).isoformat())


@given(st.text(st.sampled_from("0123456789-:TWZ+.,  \0é\u0663"), max_size=32) | st.text())
def test_any_text_is_read_or_is_a_value_error(text: str) -> None:
    """No other exception, and what is read can be written."""
    try:
        ms = to_ms(text)
    except ValueError:
        return
    assert ms == from_iso(iso(ms))


@given(INSTANTS)
def test_what_is_written_reads_back(ms: int) -> None:
    """By the fast reader, by the general one, and by the standard library."""
    text = iso(ms)
    assert (ms, ms) == (from_iso(text), to_ms(text))
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
    assert moment.isoformat(timespec="milliseconds").replace("+00:00", "Z") == text


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (MIN_MS, "0001-01-01T00:00:00.000Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
        (0, "1970-01-01T00:00:00.000Z"),
        (T2000 + 7, "2000-01-01T00:00:00.007Z"),
        (MAX_MS, "9999-12-31T23:59:59.999Z"),
    ],
)
def test_text_has_three_decimals_and_z(ms: int, text: str) -> None:
    """Always 24 characters, so that text sorts as time does."""
    assert text == iso(ms)


@pytest.mark.parametrize("ms", [MIN_MS - 1, MAX_MS + 1])
def test_an_instant_beyond_the_bounds_can_not_be_written(ms: int) -> None:
    """The bounds of to_ms are those of iso."""
    with pytest.raises(OverflowError):
        iso(ms)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2000-01-01T00:00:00Z",
        "2000-01-01T00:00:00.0000Z",
        "2000-01-01T00:00:00.000z",
        "2000-01-01T00:00:00,000Z",
        "2000-01-01T00:00:00.000+00:00",
        "2000-01-01 00:00:00.000Z",
        "2000-W01-6T00:00:00.000Z",
        "2000-01-01T00:00+01.000Z",
        "2000-01-01T00:00:00. 00Z",
        "2000-01-01T00:00:00.\u0660\u0660\u0660Z",
        "2000-02-30T00:00:00.000Z",
    ],
)
def test_the_fast_reader_takes_only_what_we_write(text: str) -> None:
    """A foreign record in an inner topic is noticed, not misread."""
    with pytest.raises(ValueError, match=r"."):
        from_iso(text)
