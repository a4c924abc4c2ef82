"""What is asked for, and what files show by themselves."""

import gzip
import io
import json
from pathlib import Path

import pytest

from app.inputs.errors import DamagedFileError, InputError
from app.inputs.files import Source, open_source
from app.inputs.formats import Format, guess_delimiter, guess_format
from app.inputs.lines import Lines
from app.inputs.options import LoadOptions, format_of, reader_of
from app.inputs.rows import Row
from app.inputs.salt import mark, salt_of

HEAD = b"83.149.9.0 - - [17/May/2015:10:05:03 +0000] "


@pytest.mark.parametrize(
    ("name", "first", "expected"),
    [
        ("x.jsonl", b"", Format.JSON),
        ("x.csv.gz", b"", Format.CSV),
        ("x.TSV", b"", Format.CSV),
        ("access.log", HEAD + b'"GET / HTTP/1.1" 200 5', Format.WEBLOG),
        ("access.log", HEAD + b'"-" 408 -', Format.WEBLOG),
        ("events.log", b' {"userId":1}', Format.JSON),
        ("stdin", b"userId;page", Format.CSV),
    ],
)
def test_name_or_first_line_tell_the_format(name: str, first: bytes, expected: Format) -> None:
    """The suffix first; .gz does not count."""
    assert expected is guess_format(name, first)


@pytest.mark.parametrize("first", [b"", b"hello", b"\xff\xfea\0"])
def test_a_format_that_nothing_tells_must_be_named(first: bytes) -> None:
    """Nothing is guessed at random."""
    with pytest.raises(InputError):
        guess_format("events", first)


def test_the_header_tells_the_delimiter() -> None:
    """The one it has most of."""
    assert [",", ";", "\t", ","] == [
        guess_delimiter(h) for h in (b"a,b", b"a;b;c,d", b"a\tb", b"a")
    ]


def test_a_compressed_file_is_read_and_one_that_breaks_off_gives_what_it_has(
    tmp_path: Path,
) -> None:
    """The lines before the damage are good."""
    path = tmp_path / "x.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"userId":"u"}\n' * 100_000))
    with open_source(str(path)) as whole:
        assert 100_000 == sum(1 for _ in whole.lines)
        assert whole.size == whole.done()
    path.write_bytes(path.read_bytes()[:-20])
    with open_source(str(path)) as part:
        with pytest.raises(DamagedFileError):
            list(part.lines)
        assert part.lines.number > 0


def source(name: str, text: bytes) -> Source:
    """A file in memory."""
    file = io.BytesIO(text)
    return Source(name, Lines(file), text, len(text), file)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("x.csv", LoadOptions()),
        ("x.csv", LoadOptions("clicks", only="x")),
        ("x.csv", LoadOptions("clicks", mapping="userId")),
        ("x.log", LoadOptions("purchases", format="weblog")),
        ("x.log", LoadOptions(format="weblog", mapping="a=b")),
        ("x.log", LoadOptions(format="weblog", product="[")),
        ("x.log", LoadOptions(format="weblog", product="no group")),
        ("x.log", LoadOptions(format="weblog", purchases="buy")),
    ],
)
def test_options_that_do_not_go_together_are_told(name: str, options: LoadOptions) -> None:
    """The sentence gives the rule, what was got, the remedy."""
    file = source(name, b"userId,page\n")
    with pytest.raises(InputError, match=r"^[A-Z-].*[.;] .*\.$"):
        reader_of(file, format_of(file, options), options, b"salt")


def test_a_mapping_is_read_from_text() -> None:
    """Spaces around names do not count."""
    options = LoadOptions("clicks", mapping="userId=customer, page = url")
    file = source("x.csv", b"customer;url\nu;/\n")
    [row] = reader_of(file, format_of(file, options), options, b"")
    assert isinstance(row, Row)
    assert {"userId": "u", "page": "/"} == json.loads(row.value)


def test_a_salt_is_made_once_and_kept_from_others(tmp_path: Path) -> None:
    """Readable by its owner only; a given one is taken instead."""
    made = salt_of(None, tmp_path / "data")
    assert made == salt_of(None, tmp_path / "data")
    assert made != salt_of(None, tmp_path / "other")
    assert 0o600 == (tmp_path / "data" / "salt").stat().st_mode & 0o777
    assert b"given" == salt_of("given", tmp_path)
    assert 8 == len(mark(made))
