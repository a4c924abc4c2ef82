"""From Kafka's records to rows: SQL reads them as they arrive, and keeps the columns it needs."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

from aiokafka import TopicPartition

from app.audit.warehouse import Warehouse

#: Rows that arrive before SQL reads them: enough to be quick, little enough for memory.
_ROWS = 50_000
#: And bytes of their values: a record may have megabytes.
_BYTES = 64 * 1024 * 1024

Row: TypeAlias = tuple[Any, ...]


def text_of(value: bytes | None) -> str | None:
    """Text of UTF-8; None for anything else."""
    try:
        return None if value is None else value.decode()
    except UnicodeDecodeError:
        return None


def header(record: Any, name: str) -> str | None:
    """The text of a record's last header of that name."""
    return text_of(dict(record.headers).get(name))


class Arrivals:
    """Takes the records of one topic.

    Attributes:
        count: Records taken.
    """

    def __init__(
        self, warehouse: Warehouse, sql: str, kind: str | None, row: Callable[[Any], Row]
    ) -> None:
        """Take records for an SQL file.

        Args:
            warehouse: Where to.
            sql: The file that reads what has arrived.
            kind: ``clicks`` or ``purchases``, where the file asks for it.
            row: A row of the table ``arrived``, of a record.
        """
        self.count = 0
        self._warehouse = warehouse
        self._sql = sql
        self._kind = kind
        self._row = row
        self._rows: list[Row] = []
        self._bytes = 0

    def take(self, _at: TopicPartition, records: Sequence[Any]) -> None:
        """Take records of a partition."""
        self.count += len(records)
        self._rows.extend(map(self._row, records))
        self._bytes += sum([len(record.value) for record in records if record.value is not None])
        if len(self._rows) >= _ROWS or self._bytes >= _BYTES:
            self.flush()

    def flush(self) -> None:
        """Let SQL read what has arrived."""
        if self._kind is not None:
            self._warehouse.execute(f"SET VARIABLE kind = '{self._kind}'")
        self._warehouse.append("arrived", self._rows)
        self._warehouse.run(self._sql)
        self._warehouse.execute("TRUNCATE arrived")
        self._rows, self._bytes = [], 0


class InnerArrivals(Arrivals):
    """Takes the records of an inner topic: those without a value are signals, or nothing of ours.

    Attributes:
        count: Records taken, signals too.
    """

    def __init__(self, warehouse: Warehouse, kind: str) -> None:
        super().__init__(warehouse, "read_inner", kind, value_row)
        self._signals: list[Row] = []

    def take(self, at: TopicPartition, records: Sequence[Any]) -> None:
        """Take records of a partition."""
        signals = [record for record in records if record.value is None]
        if signals:
            self.count += len(signals)
            self._take_signals(signals)
            records = [record for record in records if record.value is not None]
        super().take(at, records)

    def _take_signals(self, records: Iterable[Any]) -> None:
        for record in records:
            signal = _signal(record)
            if signal is None:
                self._rows.append(value_row(record))
            else:
                self._signals.append(signal)

    def flush(self) -> None:
        """Let SQL read what has arrived."""
        self._warehouse.append("arrived_mark", self._signals)
        super().flush()
        self._warehouse.execute("TRUNCATE arrived_mark")
        self._signals = []


def input_row(record: Any) -> Row:
    """A row of an input record: what is no text is kept as bytes."""
    text = text_of(record.value)
    raw = record.value if text is None else None
    return record.partition, record.offset, record.timestamp, None, text, raw


def value_row(record: Any) -> Row:
    """A row of a record of ours: key and value."""
    key, value = text_of(record.key), text_of(record.value)
    return record.partition, record.offset, record.timestamp, key, value, None


def letter_row(record: Any) -> Row:
    """A row of a dead letter: its code and its source."""
    code, source = header(record, "code"), header(record, "source")
    return record.partition, record.offset, record.timestamp, code, source, None


def _signal(record: Any) -> Row | None:
    """A row of a watermark record (idle is None) or an idle record; None for neither."""
    fields = {name: text_of(value) for name, value in record.headers}
    stream, idle = fields.get("stream-time", ""), None
    place = fields.get("watermark")
    if place is None:
        place, idle = fields.get("idle"), fields.get("idle-for")
        if place is None or not _number(idle):
            return None
    if stream and not _number(stream):
        return None
    return record.partition, record.offset, record.timestamp, place, stream or None, idle


def _number(text: str | None) -> bool:
    return text is not None and text.removeprefix("-").isdecimal()
