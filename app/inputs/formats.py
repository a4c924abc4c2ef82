"""Which format a file has: by its name, else by its first line."""

from enum import StrEnum
from pathlib import PurePath

from app.inputs.errors import InputError
from app.inputs.weblog import NOT_WEBLOG, WeblogError, parse


class Format(StrEnum):
    """What the lines of a file are."""

    JSON = "json"
    CSV = "csv"
    WEBLOG = "weblog"


_BY_SUFFIX = {
    ".json": Format.JSON,
    ".jsonl": Format.JSON,
    ".ndjson": Format.JSON,
    ".csv": Format.CSV,
    ".tsv": Format.CSV,
}
_DELIMITERS = ",\t;|"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def guess_format(name: str, first: bytes) -> Format:
    """The format of a file that nobody named.

    Args:
        name: The file's name; ``.gz`` at its end does not count.
        first: Its first line.

    Raises:
        InputError: Neither tells.
    """
    if first.startswith(_UTF16):
        raise InputError(f"A file must be UTF-8; {name} is UTF-16. Convert it, as with iconv.")
    by_name = _BY_SUFFIX.get(PurePath(name.removesuffix(".gz")).suffix.lower())
    if by_name is not None:
        return by_name
    if first.lstrip(b"\xef\xbb\xbf ").startswith(b"{"):
        return Format.JSON
    if _is_weblog(first):
        return Format.WEBLOG
    if any(delimiter in first.decode("utf-8", "replace") for delimiter in _DELIMITERS):
        return Format.CSV
    raise InputError(
        f"A file's format shows in its name or first line; {name} begins with {first[:60]!r}. "
        "Name it with --format json, csv or weblog."
    )


def guess_delimiter(header: bytes) -> str:
    """The delimiter that a header line has most of; a comma where it has none."""
    text = header.decode("utf-8", "replace")
    return max(_DELIMITERS, key=text.count)


def _is_weblog(line: bytes) -> bool:
    try:
        parse(line)
    except WeblogError as error:
        return error.code != NOT_WEBLOG
    return True
