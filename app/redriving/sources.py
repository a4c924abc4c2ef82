"""What is read for a redrive: letters or events, stream times, and the records to put back."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import msgspec
from aiokafka import TopicPartition

from agents.spec import Envelope, Note
from app.audit.logs import Logs
from app.explain.topics import Place
from app.redriving.candidates import Times
from app.settings import Settings
from app.topics import INPUTS, TABLES, changelog_name, topic_name
from models.join import JoiningState
from models.stage import InputRecord
from models.watermark import NEVER_MS
from models.windows import CountingState, row_parts
from tables.changelog import last_states

#: Offsets between two wanted records from which on it is cheaper to seek than to read on.
_GAP = 2_000


class _StreamTime(msgspec.Struct, rename="camel"):
    stream_time: int = NEVER_MS


async def read_all(
    logs: Logs, topic: str, count: int, take: Callable[[Iterable[InputRecord]], None]
) -> None:
    """Read the committed records of a topic with so many partitions."""
    partitions = [TopicPartition(topic, p) for p in range(count)]
    ends = await logs.end_of(partitions)
    await logs.read(await logs.start_of(partitions), ends, lambda _, records: take(records))


async def read_places(logs: Logs, places: Iterable[Place]) -> dict[Place, InputRecord]:
    """The records at some places; those that are gone are not there."""
    wanted: dict[TopicPartition, set[int]] = {}
    for place in places:
        wanted.setdefault(TopicPartition(place.topic, place.partition), set()).add(place.offset)
    starts = await logs.start_of(list(wanted))
    ends = await logs.end_of(list(wanted))
    found: dict[Place, InputRecord] = {}

    def take(tp: TopicPartition, records: Any) -> None:
        for record in records:
            if record.offset in wanted[tp]:
                found[Place(tp.topic, tp.partition, record.offset)] = record

    for tp, offsets in wanted.items():
        for first, last in _runs(offsets):
            start, end = max(first, starts[tp]), min(last + 1, ends[tp])
            await logs.read({tp: start}, {tp: end}, take)
    return found


def _runs(offsets: Iterable[int]) -> Iterator[tuple[int, int]]:
    """First and last of offsets that lie close together."""
    ordered = sorted(offsets)
    first = last = ordered[0]
    for offset in ordered[1:]:
        if offset - last > _GAP:
            yield first, last
            first = offset
        last = offset
    yield first, last


async def starts_of(logs: Logs, counts: Mapping[str, int]) -> dict[tuple[str, int], int]:
    """The first offset of each partition that retention left."""
    partitions = [TopicPartition(topic, p) for topic, n in counts.items() for p in range(n)]
    found = await logs.start_of(partitions)
    return {(tp.topic, tp.partition): start for tp, start in found.items()}


async def times_of(settings: Settings, logs: Logs, counts: Mapping[str, int]) -> Times:
    """Stream times as last committed.

    Args:
        settings: The application's.
        logs: The cluster's.
        counts: Partitions of each input topic, by full name.
    """
    inputs = {}
    for kind in INPUTS:
        topic = topic_name(settings, kind)
        partitions = [TopicPartition(topic, p) for p in range(counts[topic])]
        offsets = await logs.group_offsets(settings.identity, partitions)
        inputs[kind] = [
            stream_time(offsets[tp].metadata) if tp in offsets else NEVER_MS for tp in partitions
        ]
    tables = [await _states(settings, table) for table in TABLES]
    counted, joined, closed = (
        [read(state) for state in states]
        for read, states in zip(
            (_counted_to, _joined_to, _closed_before), (*tables, tables[0]), strict=True
        )
    )
    return Times(inputs, counted, joined, closed)


def stream_time(metadata: str) -> int:
    """S(q) in epoch ms, of the metadata of an intake's offset."""
    if not metadata:
        return NEVER_MS
    note = msgspec.json.decode(metadata, type=Note)
    return msgspec.json.decode(note.stage, type=_StreamTime).stream_time


async def _states(settings: Settings, table: str) -> list[msgspec.Raw | None]:
    """What the stage remembers in each partition of its table."""
    name = changelog_name(settings, table)
    at = [TopicPartition(name, p) for p in range(settings.partitions)]
    states = await last_states(at, **settings.connection)
    return [
        msgspec.json.decode(states[tp], type=Envelope).stage if tp in states else None for tp in at
    ]


def _counted_to(stage: msgspec.Raw | None) -> int:
    return msgspec.json.decode(stage, type=CountingState).time.value if stage else NEVER_MS


def _joined_to(stage: msgspec.Raw | None) -> int:
    return msgspec.json.decode(stage, type=JoiningState).time.value if stage else NEVER_MS


def _closed_before(stage: msgspec.Raw | None) -> int:
    """Windows that start before this (ms) are closed, all of them or in part."""
    if stage is None:
        return 0
    key = bytes.fromhex(msgspec.json.decode(stage, type=CountingState).closed_to)
    start_ms, user = row_parts(key)
    return start_ms + bool(user)
