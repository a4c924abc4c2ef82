"""A value as a JSON object: all of it is checked, none of it is changed."""

import json
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from models.errors import RecordRejected, RejectCode
from models.json_object import MAX_DEPTH, MAX_VALUE_BYTES, decode_object


def code_of(value: bytes | None) -> str | None:
    """Why a value is rejected, or None."""
    try:
        decode_object(value)
    except RecordRejected as rejected:
        return rejected.code
    return None


def nested(depth: int, opening: bytes = b"[", closing: bytes = b"]") -> bytes:
    """An object that nests this deep, itself included."""
    return b'{"a":' + opening * (depth - 1) + b"1" + closing * (depth - 1) + b"}"


def test_no_value_is_told_apart_from_an_empty_one() -> None:
    """A tombstone has no value; zero bytes are no JSON."""
    assert RejectCode.NO_VALUE == code_of(None)
    assert RejectCode.NOT_JSON == code_of(b"")


def test_a_value_has_at_most_one_mebibyte() -> None:
    """1 MiB is taken, one byte more is not."""
    filler = MAX_VALUE_BYTES - len(b'{"a":""}')
    assert code_of(b'{"a":"%s"}' % (b"x" * filler)) is None
    assert RejectCode.TOO_LARGE == code_of(b'{"a":"%s"}' % (b"x" * (filler + 1)))


@pytest.mark.parametrize(
    "value",
    [
        b" ",
        b"{",
        b'{"a":1',
        b'{"a":1}x',
        b'{"a":1}{}',
        b'{"a":1,}',
        b'{"a":[1,]}',
        b"{'a':1}",
        b"{a:1}",
        b"{1:2}",
        b'{"a":NaN}',
        b'{"a":[-Infinity]}',
        b'{"a":{"b":Infinity}}',
        b'{"a":01}',
        b'{"a":+1}',
        b'{"a":.5}',
        b'{"a":1.}',
        b'{"a":0x1}',
        b'{"a":tru}',
        b'{"a":1 /* one */}',
        b'{"a":"\t"}',
        b'{"a":["\x00"]}',
        b'{"a":"\\x41"}',
        b'{"a":"\\u12"}',
        b'{"a":"\\ud800", "b":NaN}',
        b'\xef\xbb\xbf{"a":1}',
        b"[1",
        b"nul",
    ],
)
def test_what_is_not_json_is_rejected_in_fields_that_nobody_reads_too(value: bytes) -> None:
    """RFC 8259, to the letter: nothing that only some parsers take."""
    assert RejectCode.NOT_JSON == code_of(value)


@pytest.mark.parametrize("value", [b"[]", b'[{"a":1}]', b"1", b'"x"', b"null", b"true", b" [1] "])
def test_json_of_another_kind_is_no_object(value: bytes) -> None:
    """One event is one object."""
    assert RejectCode.NOT_OBJECT == code_of(value)


NOT_UTF_8 = [b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82"]
LONE_ESCAPES = [b"\\ud800", b"\\udc00", b"\\ud83dx", b"\\ude00\\ud83d", b"\\uD800\\\\udc00"]


@pytest.mark.parametrize("text", [*NOT_UTF_8, *LONE_ESCAPES])
@pytest.mark.parametrize("form", [b'{"a":"%s"}', b'{"%s":1}', b'{"a":["%s"]}', b'{"a":{"%s":1}}'])
def test_invalid_unicode_is_rejected_wherever_it_stands(form: bytes, text: bytes) -> None:
    """In a value or a name, at any depth, as bytes or as an escape."""
    assert RejectCode.NOT_UNICODE == code_of(form % text)


@pytest.mark.parametrize("text", [b"\\ud83d\\ude00", b"\\\\ud800", b"\xf0\x9f\x98\x80", b"\\u0000"])
def test_pairs_of_surrogates_and_escaped_backslashes_are_unicode(text: bytes) -> None:
    """What looks like a lone surrogate need not be one."""
    assert code_of(b'{"a":["%s"]}' % text) is None


@pytest.mark.parametrize("brackets", [(b"[", b"]"), (b'{"a":', b"}")])
def test_objects_and_arrays_nest_at_most_128_deep(brackets: tuple[bytes, bytes]) -> None:
    """A limit of our own: Python's would depend on who calls."""
    assert code_of(nested(MAX_DEPTH, *brackets)) is None
    assert RejectCode.NOT_JSON == code_of(nested(MAX_DEPTH + 1, *brackets))


def test_brackets_that_do_not_nest_are_not_counted() -> None:
    """Beside each other, or in a string, also behind an escaped quote."""
    assert code_of(b'{"a":[' + b"[],{}," * 1000 + b"1]}") is None
    assert code_of(b'{"a":"\\"' + b"[" * 1000 + b'\\\\","b":[1]}') is None


def test_depth_is_the_same_whoever_calls() -> None:
    """The deepest valid value is read with most of Python's stack in use."""

    def deep(frames: int, then: Callable[[], str | None]) -> str | None:
        return deep(frames - 1, then) if frames else then()

    assert deep(600, lambda: code_of(nested(MAX_DEPTH))) is None


@pytest.mark.timeout(5)
@pytest.mark.parametrize(
    "value",
    [
        b"[" * MAX_VALUE_BYTES,
        b'{"a":' * (MAX_VALUE_BYTES // 5),
        b"[" * 200 + b'\\"' * 500_000,
        b"{" * 200 + b'"' * 1_000_000,
        b'{"a":"' + b"\\ud83d" * 170_000,
    ],
    ids=["arrays", "objects", "escaped quotes", "quotes", "surrogates"],
)
def test_hostile_values_are_rejected_soon(value: bytes) -> None:
    """In linear time, without recursion."""
    assert RejectCode.NOT_JSON == code_of(value)


def test_names_are_compared_decoded_and_the_last_of_two_counts() -> None:
    """RFC 8259 leaves both to the reader; most readers do so."""
    fields = decode_object(b'{"user\\u0049d":1,"a":[1],"a":2.0,"userId":3}')
    assert {"userId": b"3", "a": b"2.0"} == {name: bytes(raw) for name, raw in fields.items()}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)  # fmt: skip


@given(st.dictionaries(st.text(), JSON), st.tuples(st.booleans(), st.sampled_from([None, 1])))
def test_every_object_is_read_as_it_was_written(
    expected: dict[str, object], style: tuple[bool, int | None]
) -> None:
    """Escaped or not, with or without white space."""
    ascii_only, indent = style
    text = json.dumps(expected, ensure_ascii=ascii_only, indent=indent)
    fields = decode_object(text.encode())
    assert expected == {name: json.loads(bytes(raw)) for name, raw in fields.items()}


FRAGMENTS = [b'{"a":', b'"', b"\\", b"\\u", b"d800", b"\\udc00", b"[", b"]", b"{", b"}", b",", b":"]
BYTES = st.binary() | st.lists(st.sampled_from([*FRAGMENTS, b"1", b"e9", b"\xff", b"NaN"])).map(
    b"".join
)


@given(BYTES)
@example(b'{"a":"\\ud800')
def test_any_bytes_are_an_object_or_rejected_with_a_code_and_a_message(value: bytes) -> None:
    """Never another exception; and what is taken, the standard library takes too."""
    try:
        names = list(decode_object(value))
    except RecordRejected as error:
        rejected = error
    else:
        assert list(json.loads(value)) == names
        return
    assert rejected.code in set(RejectCode)
    assert rejected.message.encode().decode().isprintable()
