"""Lines of each format, as records."""

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.inputs.errors import InputError
from app.inputs.lines import MAX_LINE_BYTES, Lines
from app.inputs.readers import CsvReader, JsonReader
from app.inputs.rows import BAD_COLUMNS, TOO_LONG, Fields, Item, Row, Unreadable
from models.errors import RejectCode


def lines(text: bytes) -> Lines:
    """Lines of a file that holds the text."""
    return Lines(io.BytesIO(text))


def from_json(text: bytes, fields: Fields | None = None) -> list[Item | None]:
    """What JSON lines become."""
    return list(JsonReader(lines(text), "clicks", fields or Fields()))


def from_csv(text: bytes, fields: Fields | None = None) -> list[Item | None]:
    """What CSV becomes."""
    return list(CsvReader(lines(text), "clicks", fields or Fields(), ","))


def value(item: Item | None) -> Any:
    """The decoded value of a record."""
    assert isinstance(item, Row)
    return json.loads(item.value)


def unreadable(item: Item | None) -> tuple[int, str, bytes]:
    """Line, code and bytes of a line that is no record."""
    assert isinstance(item, Unreadable)
    return item.line, item.code, item.raw


def test_a_json_line_is_the_record_byte_for_byte() -> None:
    """Unknown fields, spaces and numbers stay as they were written."""
    line = b'{ "userId": "u\\u0041", "timestamp": 1.50, "more": [1, 2] }'
    assert [Row(1, "clicks", b"uA", line)] == from_json(line + b"\r\n")


@pytest.mark.parametrize(
    ("user", "key"), [('"u"', b"u"), ("17", b"17"), ("true", None), ('""', None), ("[1]", None)]
)
def test_the_key_is_the_id_where_there_is_one(user: str, key: bytes | None) -> None:
    """An integer id is its decimal text; what is no id gives no key."""
    [row] = from_json(b'{"userId":%b}' % user.encode())
    assert isinstance(row, Row)
    assert key == row.key


def test_json_that_is_no_object_is_left_to_the_application() -> None:
    """It judges records; the loader judges lines."""
    assert [Row(1, "clicks", None, b"[1]")] == from_json(b"[1]")


@pytest.mark.parametrize("line", [b"{", b'{"a":NaN}', b"{'a':1}", b"\xff", b"[" * 100_000])
def test_what_is_not_json_is_unreadable_with_its_line_number(line: bytes) -> None:
    """Broken, not standard, not UTF-8, nested without end."""
    assert (2, RejectCode.NOT_JSON, line) == unreadable(from_json(b"{}\n" + line + b"\n{}")[1])


def test_blank_lines_are_passed_over_and_counted() -> None:
    """They are neither records nor unreadable."""
    rows = from_json(b"\n{}\n  \n{}\n")
    assert [None, 2, None, 4] == [row and row.line for row in rows]


def test_a_mapping_renames_fields_and_wins_over_ours() -> None:
    """The mapped field replaces one that has our name already."""
    [row] = from_json(
        b'{"customer":"u","userId":"theirs","ts":1431857103,"x":1}',
        Fields({"userId": "customer", "timestamp": "ts"}, epoch_s=True),
    )
    assert {"userId": "u", "timestamp": 1_431_857_103_000, "x": 1} == value(row)


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ("1431857103", 1_431_857_103_000),
        ("1431857103.25", 1_431_857_103_250),
        (1_431_857_103.25, 1_431_857_103_250),
        ("2015-05-17", "2015-05-17"),
        ("20150517", "20150517"),
        (True, True),
        (None, None),
    ],
)
def test_seconds_become_milliseconds_and_dates_stay(given_: object, expected: object) -> None:
    """A number is an epoch from nine digits on; 20150517 is a date."""
    assert expected == Fields(epoch_s=True).in_ms(given_)


def test_csv_cells_are_text_and_empty_ones_are_absent() -> None:
    """Only a number in timestamp becomes a number."""
    [row] = from_csv(b"userId,timestamp,qty,note\n7,1431857103000,2,\n")
    assert {"userId": "7", "timestamp": 1_431_857_103_000, "qty": "2"} == value(row)
    assert isinstance(row, Row)
    assert (2, b"7") == (row.line, row.key)


def test_a_quoted_cell_may_span_lines_and_the_row_has_the_number_of_its_first() -> None:
    """Line numbers count lines of the file, not rows."""
    rows = from_csv(b'userId,note\na,"one\ntwo ""q"""\nb,c\n')
    assert [2, 4] == [row.line for row in rows if row]
    assert 'one\ntwo "q"' == value(rows[0])["note"]


@pytest.mark.parametrize("line", [b"a", b"a,b,c"])
def test_too_few_or_many_columns_are_unreadable(line: bytes) -> None:
    """Cells of such a row may stand in the wrong column."""
    rows = from_csv(b"userId,note\n" + line + b"\nx,y\n")
    assert (2, BAD_COLUMNS, line) == unreadable(rows[0])
    assert "x" == value(rows[1])["userId"]


def test_csv_that_is_not_utf8_is_unreadable() -> None:
    """Its bytes go to the dead letters as they are."""
    rows = from_csv(b"userId,note\na,caf\xe9\n")
    assert (2, RejectCode.NOT_UNICODE, b"a,caf\xe9") == unreadable(rows[0])


def test_a_byte_order_mark_is_no_part_of_the_header() -> None:
    """Spreadsheets write one."""
    assert "a" == value(from_csv(b"\xef\xbb\xbfuserId\na\n")[0])["userId"]


@pytest.mark.parametrize("header", [b"userId,userId", b"user,ts"])
def test_a_header_has_the_mapped_columns_and_each_once(header: bytes) -> None:
    """Else nothing is loaded."""
    with pytest.raises(InputError):
        from_csv(header + b"\na,b\n", Fields({"userId": "userId"}))


def test_a_line_over_the_limit_is_unreadable_and_the_next_is_read() -> None:
    """It is cut for the dead letters."""
    long = b'{"a":"' + b"x" * (3 * MAX_LINE_BYTES) + b'"}'
    rows = from_json(long + b"\n{}\n")
    assert (1, TOO_LONG, long[:MAX_LINE_BYTES]) == unreadable(rows[0])
    assert [Row(2, "clicks", None, b"{}")] == rows[1:]


@given(st.lists(st.sampled_from([b"{}", b"", b'{"userId":"u"}', b"x"])), st.data())
def test_reading_on_after_a_skip_gives_what_reading_all_gives(
    texts: list[bytes], data: st.DataObject
) -> None:
    """So a resumed load is the rest of a whole one."""
    text = b"\n".join(texts)
    whole = lines(text)
    expected = list(JsonReader(whole, "clicks", Fields()))
    done = data.draw(st.integers(0, whole.number))
    rest = lines(text)
    assert rest.skip_to(done)
    assert expected[done:] == list(JsonReader(rest, "clicks", Fields()))
    assert (whole.number, whole.crc) == (rest.number, rest.crc)
    assert not rest.skip_to(whole.number + 1)


@given(st.lists(st.tuples(st.text(max_size=9), st.text(max_size=9)), min_size=1), st.data())
def test_csv_reads_on_after_a_skip(cells: list[tuple[str, str]], data: st.DataObject) -> None:
    """The header is read first, wherever the load resumes."""
    quoted = ['"' + a.replace('"', '""') + '","' + b.replace('"', '""') + '"\n' for a, b in cells]
    text = ("a,b\n" + "".join(quoted)).encode()
    whole = lines(text)
    ends: list[int] = []
    expected = []
    for row in CsvReader(whole, "clicks", Fields(), ","):
        expected.append(row)
        ends.append(whole.number)
    place = data.draw(st.integers(0, len(ends) - 1))
    rest = lines(text)
    reader = CsvReader(rest, "clicks", Fields(), ",")
    assert rest.skip_to(ends[place])
    assert expected[place + 1 :] == list(reader)
