"""Lines of JSON and CSV turned into records."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from app.inputs.errors import InputError
from app.inputs.lines import MAX_LINE_BYTES, Lines
from app.inputs.rows import BAD_COLUMNS, Fields, Item, Row, Unreadable, key_of, row, too_long
from models.errors import RejectCode


@dataclass(frozen=True, slots=True)
class JsonReader:
    """One JSON value a line; with no field to change, the line's bytes are the record.

    Attributes:
        lines: What to read.
        topic: Short name of the topic.
        fields: What to rename and convert.
    """

    lines: Lines
    topic: str
    fields: Fields

    def __iter__(self) -> Iterator[Item | None]:
        changes = bool(self.fields.mapping) or self.fields.epoch_s
        for line in self.lines:
            if len(line) > MAX_LINE_BYTES:
                yield too_long(self.lines.number, line)
            else:
                yield self._item(line, changes=changes) if line.strip() else None

    def _item(self, line: bytes, *, changes: bool) -> Item:
        number = self.lines.number
        try:
            record = msgspec.json.decode(line)
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            message = f"A line must be one JSON value; this one is not ({error}). Mend the line."
            return Unreadable(number, line, RejectCode.NOT_JSON, message)
        if not isinstance(record, dict):
            return Row(number, self.topic, None, line)
        if not changes:
            return Row(number, self.topic, key_of(record.get("userId")), line)
        record = self.fields.renamed(record)
        if "timestamp" in record:
            record["timestamp"] = self.fields.in_ms(record["timestamp"])
        return row(number, self.topic, record, line)


class CsvReader:
    """Comma-separated values under a header line; quoted cells may span lines.

    Cells are text, numbers in ``timestamp`` excepted; an empty cell is an absent field.
    """

    def __init__(self, lines: Lines, topic: str, fields: Fields, delimiter: str) -> None:
        """Read the header.

        Args:
            lines: What to read.
            topic: Short name of the topic.
            fields: What to rename and convert.
            delimiter: One character.

        Raises:
            InputError: The header lacks a column that is mapped, or names one twice.
        """
        self._lines = lines
        self._topic = topic
        self._fields = fields
        self._raw: list[bytes] = []
        self._rows = csv.reader(self._texts(), delimiter=delimiter)
        self._header = self._checked(next(self._rows, []))

    def __iter__(self) -> Iterator[Item | None]:
        while True:
            self._raw.clear()
            try:
                cells = next(self._rows)
            except StopIteration:
                return
            except csv.Error as error:
                yield self._unreadable(f"its quotes can't be followed ({error})")
                continue
            yield self._item(cells) if cells else None

    def _item(self, cells: list[str]) -> Item:
        if len(self._raw[-1]) > MAX_LINE_BYTES:
            return too_long(self._line, b"\n".join(self._raw))
        if len(cells) != len(self._header):
            return self._unreadable(f"it has {len(cells)}")
        record: dict[str, Any] = {
            name: cell for name, cell in zip(self._header, cells, strict=True) if cell
        }
        record = self._fields.renamed(record)
        if "timestamp" in record:
            record["timestamp"] = self._fields.in_ms(record["timestamp"])
        return row(self._line, self._topic, record, b"\n".join(self._raw))

    def _unreadable(self, got: str) -> Unreadable:
        raw = b"\n".join(self._raw)[:MAX_LINE_BYTES]
        message = f"A line has the header's {len(self._header)} columns; {got}. Mend the line."
        return Unreadable(self._line, raw, BAD_COLUMNS, message)

    @property
    def _line(self) -> int:
        return self._lines.number - len(self._raw) + 1

    def _texts(self) -> Iterator[str]:
        for line in self._lines:
            self._raw.append(line)
            yield line.decode("utf-8", "surrogateescape") + "\n"

    def _checked(self, header: list[str]) -> list[str]:
        names = [name.strip() for name in header]
        missing = [theirs for theirs in self._fields.mapping.values() if theirs not in names]
        if missing:
            raise InputError(
                f"--map names columns of the header line; {', '.join(missing)} is not in "
                f"{', '.join(names)}. Correct --map."
            )
        if len(set(names)) != len(names):
            raise InputError(
                f"A header line names each column once; got {', '.join(names)}. Rename one."
            )
        return names
