"""What a dead letter's message shows of what was got."""

import pickle

from hypothesis import given
from hypothesis import strategies as st

from models.errors import SHOWN_CHARS, ClickstreamError, RecordRejected, RejectCode, shown


@given(st.text(st.characters()) | st.binary() | st.integers() | st.none())
def test_what_was_got_is_shown_in_80_printable_characters(value: object) -> None:
    """Newlines, escape sequences and surrogates of a stranger's record can't reach a terminal."""
    text = shown(value)
    assert len(text) <= SHOWN_CHARS
    assert text.isprintable()
    assert text == text.encode().decode()


def test_what_is_short_is_shown_whole_and_what_is_long_says_that_it_is_cut() -> None:
    """A cut is marked by an ellipsis."""
    assert "'abc'" == shown("abc")
    assert "b'\\xff'" == shown(b"\xff")
    assert "'" + 78 * "x" + "…" == shown(1_000_000 * "x")
    assert "'" + 78 * "x" + "'" == shown(78 * "x")


def test_a_rejection_tells_code_and_message_and_survives_pickling() -> None:
    """It crosses processes whole."""
    rejected = RecordRejected(RejectCode.BAD_ID, "userId has 1 to 256 bytes")
    copy = pickle.loads(pickle.dumps(rejected))  # noqa: S301 - our own bytes.
    assert ("bad_id", "userId has 1 to 256 bytes") == (copy.code, copy.message)
    assert "bad_id: userId has 1 to 256 bytes" == str(copy)
    assert isinstance(copy, ClickstreamError)


def test_the_codes_are_stable() -> None:
    """Alerts and replays name them."""
    assert [
        "no_value",
        "too_large",
        "not_json",
        "not_unicode",
        "not_object",
        "missing_field",
        "wrong_type",
        "bad_id",
        "bad_timestamp",
        "before_2000",
        "in_the_future",
        "no_registry",
        "unknown_schema",
        "unusable_schema",
        "schema_mismatch",
    ] == list(RejectCode)
