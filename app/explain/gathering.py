"""Gathering evidence from the topics."""

import msgspec
from aiokafka import TopicPartition

from agents.gateway import KafkaGateway
from agents.spec import Envelope
from app.explain.count import CountEvidence
from app.explain.evidence import Dead, Passed, dead, passed, value_of
from app.explain.topics import Place, Topics, header_of, place_of
from app.explain.trace import Trace
from app.inputs.errors import InputError
from app.settings import Settings
from app.topics import (
    CLICK_COUNTS,
    CLICKS,
    CONVERSION_EVENTS,
    ENRICHED_CLICKS,
    LATE_EVENTS,
    PURCHASES,
    PURCHASES_BY_USER,
    UNATTRIBUTED_PURCHASES,
    changelog_name,
    topic_name,
)
from models.dead_letters import DEAD_LETTERS
from models.partitioning import partition_of
from models.stage import InputRecord
from models.timestamps import iso
from models.watermark import NEVER_MS
from models.windows import CountingState
from tables.changelog import last_states

_INNER = {CLICKS: ENRICHED_CLICKS, PURCHASES: PURCHASES_BY_USER}


async def of_count(topics: Topics, settings: Settings, user: str, start_ms: int) -> CountEvidence:
    """Everything that a user's count of a window rests on."""
    key = user.encode()
    partition = partition_of(key, settings.partitions)
    envelope = await _state(settings, CLICK_COUNTS, partition)
    clicks = await topics.scan(ENRICHED_CLICKS, lambda r: r.key == key, partition)
    late = await topics.scan(LATE_EVENTS, lambda r: r.key == key, partition)
    finals = await topics.scan(CLICK_COUNTS, lambda r: r.key == key, partition)
    named = msgspec.json.encode(user)
    letters = await topics.scan(DEAD_LETTERS, lambda r: named in (r.value or b""))
    inner = topic_name(settings, ENRICHED_CLICKS)
    read_to, stream_ms = 0, None
    if envelope is not None:
        read_to = envelope.positions.get(inner, 0)
        now_ms = msgspec.json.decode(envelope.stage, type=CountingState).time.value
        stream_ms = now_ms if now_ms > NEVER_MS else None
    emitted = [
        (int(str(value.get("revision", 0))), int(str(value["clickCount"])), place_of(record))
        for record in finals
        if (value := value_of(record)).get("windowStart") == iso(start_ms)
    ]
    return CountEvidence(
        clicks=[click for record in clicks if (click := passed(record))],
        late=dict(_late(record) for record in late if value_of(record).get("stage") == "count"),
        finals=[(count, place) for revision, count, place in emitted if not revision],
        revisions=[one for one in emitted if one[0]],
        dead=[dead(record) for record in letters],
        read_to=read_to,
        stream_ms=stream_ms,
        whole=await topics.start_of(inner, partition) == 0,
    )


def _late(record: InputRecord) -> tuple[str, tuple[float, str]]:
    value = value_of(record)
    inner = value.get("record")
    source = inner.get("sourceRecord", "") if isinstance(inner, dict) else ""
    return source, (float(str(value.get("lateBy", 0))), place_of(record))


async def _state(settings: Settings, table: str, partition: int) -> Envelope | None:
    at = TopicPartition(changelog_name(settings, table), partition)
    states = await last_states([at], **settings.connection)
    return msgspec.json.decode(states[at], type=Envelope) if at in states else None


def place_in(settings: Settings, text: str) -> Place:
    """The place of an input record.

    Raises:
        InputError: It is no place of a record of clicks or purchases.
    """
    place = Place.of(text)
    names = [topic_name(settings, short) for short in _INNER]
    if place.topic not in names:
        raise InputError(
            f"An input record is in {' or '.join(names)}; got {text!r}. Take its place from a "
            "sourceRecord, or from click or purchase of a conversion."
        )
    return place


async def of_record(topics: Topics, settings: Settings, place: Place) -> Trace:
    """What became of an input record."""
    text = str(place)
    shorts = {topic_name(settings, short): short for short in _INNER}
    kind = shorts[place.topic]
    quoted = f'"{text}"'.encode()

    def names(record: InputRecord) -> bool:
        return quoted in (record.value or b"")

    found = await topics.scan(_INNER[kind], names)
    inner = [item for r in found if (item := passed(r)) and item.source == text]
    partition = partition_of(inner[0].user.encode(), settings.partitions) if inner else None
    return Trace(
        source=text,
        kind=kind,
        raw=await topics.at(place),
        read=await _read_to(settings, place) > place.offset,
        inner=inner,
        dead=await _dead(topics, text),
        late=[value_of(r) for r in await topics.scan(LATE_EVENTS, names, partition)],
        conversions=[
            (str(value_of(r).get("id")), place_of(r))
            for r in await topics.scan(CONVERSION_EVENTS, names, partition)
        ],
        unattributed=[
            place_of(r) for r in await topics.scan(UNATTRIBUTED_PURCHASES, names, partition)
        ],
    )


async def _read_to(settings: Settings, place: Place) -> int:
    gateway = KafkaGateway(settings.identity, settings.data_dir, **settings.connection)
    at = (place.topic, place.partition)
    return (await gateway.committed([at])).get(at, (0, ""))[0]


async def _dead(topics: Topics, source: str) -> list[Dead]:
    letters = await topics.scan(DEAD_LETTERS, lambda r: header_of(r, "source") == source)
    return [dead(record) for record in letters]


async def others_of(topics: Topics, settings: Settings, user: str, product: str) -> list[Passed]:
    """A user's enriched clicks on a product."""
    key = user.encode()
    partition = partition_of(key, settings.partitions)
    found = await topics.scan(ENRICHED_CLICKS, lambda r: r.key == key, partition)
    return [item for r in found if (item := passed(r)) and item.product == product]
