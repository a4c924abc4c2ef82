"""Candidates of dead letters and of late events: one record in, one candidate or refusal out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from app.explain.topics import Place, header_of
from app.inputs.errors import InputError
from app.redriving.candidates import Candidate, How
from app.topics import CLICKS
from models.errors import RecordRejected, RejectCode, shown
from models.inner import Inner
from models.records import parse_click, parse_purchase
from models.stage import InputRecord
from models.timestamps import ms_of
from models.wire import Formats, opened

#: Headers that a dead letter has beside those that were received.
_OURS = frozenset({"code", "message", "source", "cut"})
#: Headers that a record gets when it is put back.
FROM, RUN = "redriven-from", "redrive-id"
#: Fields of inner records that the input record did not have.
_INNER_FIELDS = frozenset({"device", "browser", "os", "bot", "sourceRecord", "streamTime"})
_ADMITTED_FIELDS = frozenset({"sourceRecord", "streamTime"})


@dataclass(frozen=True, slots=True)
class Inputs:
    """The input topics, and what is accepted there.

    Attributes:
        kinds: Short name by full name.
        future_skew_ms: How far an event may lie beyond its Kafka timestamp.
        now_ms: The Kafka timestamp that a record gets when it is put back, epoch ms.
        formats: Of the schemas that records name; None: there is no schema registry.
    """

    kinds: Mapping[str, str]
    future_skew_ms: int
    now_ms: int
    formats: Formats | None = None

    def read(self, kind: str, value: bytes | None) -> Any:
        """A value as enrichment or admission would read it.

        Raises:
            RecordRejected: It would be a dead letter.
        """
        parse = parse_click if kind == CLICKS else parse_purchase
        return parse(opened(value, self.formats), self.now_ms, self.future_skew_ms)


class _Late(msgspec.Struct):
    """What is looked at in a late event."""

    stage: str
    record: msgspec.Raw


def source_of(text: str) -> Place | None:
    """The place that a header or a field names; None if it names none."""
    try:
        return Place.of(text)
    except InputError:
        return None


def of_letter(record: InputRecord, inputs: Inputs) -> Candidate | str:
    """The candidate of a dead letter; or why it can't be put back."""
    code = header_of(record, "code")
    source = source_of(header_of(record, "source"))
    if source is None:
        return "of a file, not of a topic: load the file again"
    kind = inputs.kinds.get(source.topic)
    if kind is None:
        return f"of {shown(source.topic)}, to which only this application writes"
    here = Place(record.topic, record.partition, record.offset)
    if header_of(record, "cut"):
        doubt = f"a dead letter again: {code}" if code == RejectCode.TOO_LARGE else ""
        return Candidate(source, kind, source, How.ANEW, code, _user(record), doubt=doubt)
    try:
        item = inputs.read(kind, record.value)
    except RecordRejected as rejected:
        doubt = f"a dead letter again: {rejected.code}"
        return Candidate(source, kind, here, How.RECEIVED, code, _user(record), doubt=doubt)
    return Candidate(
        source, kind, here, How.RECEIVED, code, item.user_id, item.product_id, item.timestamp_ms
    )


def _user(record: InputRecord) -> str:
    """The user of a record that can't be read, as far as it can be told."""
    try:
        value = msgspec.json.decode(record.value or b"")
    except (ValueError, RecursionError):  # not JSON, not Unicode, or nested too deep
        value = None
    named = value.get("userId") if isinstance(value, dict) else None
    return str(named) if named is not None else (record.key or b"").decode(errors="replace")


def of_late(record: InputRecord, inputs: Inputs) -> tuple[str, Candidate] | None:
    """The stage of a late event, and its candidate; None if nobody of ours wrote it."""
    try:
        late = msgspec.json.decode(record.value or b"", type=_Late)
        inner = msgspec.json.decode(late.record, type=Inner)
        event_ms = ms_of(inner.timestamp)
    except (ValueError, RecursionError):
        return None
    source = source_of(inner.source_record)
    kind = inputs.kinds.get(source.topic) if source else None
    if source is None or kind is None:
        return None
    here = Place(record.topic, record.partition, record.offset)
    product = inner.product_id
    return late.stage, Candidate(
        source, kind, here, How.REBUILT, late.stage, inner.user_id, product, event_ms
    )


def put_back(
    candidate: Candidate, held: InputRecord, run: str
) -> tuple[bytes | None, bytes | None, list[tuple[str, bytes | None]]]:
    """Key, value and headers of the record that is sent.

    Args:
        candidate: What is put back.
        held: The record that holds its bytes.
        run: The id of this redrive.
    """
    ours = [(FROM, str(candidate.source).encode()), (RUN, run.encode())]
    if candidate.how is How.REBUILT:
        return held.key, _rebuilt(candidate.kind, held.value or b""), [*ours]
    dropped = {FROM, RUN} | (_OURS if candidate.how is How.RECEIVED else set())
    kept = [(name, content) for name, content in held.headers if name not in dropped]
    return held.key, held.value, [*kept, *ours]


def _rebuilt(kind: str, event: bytes) -> bytes:
    inner = msgspec.json.decode(event, type=_Late).record
    fields = msgspec.json.decode(inner, type=dict[str, msgspec.Raw])
    ours = _INNER_FIELDS if kind == CLICKS else _ADMITTED_FIELDS
    return msgspec.json.encode({name: raw for name, raw in fields.items() if name not in ours})
