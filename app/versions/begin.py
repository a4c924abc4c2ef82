"""Beginning a version: its topics, where it starts to read, and that it is there."""

from collections.abc import Mapping
from importlib.metadata import version as release_of
from time import time_ns

import msgspec
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.structs import OffsetAndMetadata

from app.admin import create_topics
from app.audit.logs import Logs
from app.inputs.cluster import partition_counts
from app.settings import Settings
from app.topics import INPUTS, topic_name
from app.versions.errors import VersionError
from app.versions.registry import Version, make_registry, put_version, read_registry
from app.versions.rules import differing, name_of, rules_of
from models.timestamps import iso

Starts = dict[str, list[int]]


async def begin(ours: Settings, target: Settings, since_ms: int | None, logs: Logs) -> Version:
    """Begin a version, or find it as it was begun: may be asked again after any interruption.

    Args:
        ours: The version that is there.
        target: The version to begin.
        since_ms: Input records with Kafka timestamps from here on (epoch ms); None: all.
        logs: The cluster's.

    Returns:
        The version as it was begun.

    Raises:
        VersionError: It was begun otherwise.
    """
    name, since = name_of(target), None if since_ms is None else iso(since_ms)
    await make_registry(ours, logs.admin)
    registry = await read_registry(ours, logs)
    if (known := registry.versions.get(name)) is not None:
        _check_same(known, rules_of(target), since)
        await create_topics(target)
        return known
    await create_topics(target)
    begun = Version(name, rules_of(target), release_of("clickstream"), iso(_now_ms()), since)
    # The offsets first: once the version is known, it is not asked where it starts.
    starts = await _starts(target, since_ms, logs)
    await _commit(target, starts)
    if ours.version == "" or name_of(ours) in registry.versions:
        await _remember_ours(ours, registry.versions.get(name_of(ours)))
    begun = msgspec.structs.replace(begun, starts=starts)
    await put_version(ours, begun)
    return begun


def _check_same(known: Version, rules: Mapping[str, str], since: str | None) -> None:
    wrong = differing(known.rules, rules)
    found = [f"{name}={was} and not {now}" for name, (was, now) in wrong.items()]
    if known.since != since:
        found.append(f"--from {known.since} and not {since}")
    if found:
        raise VersionError(
            f"A version stays as it was begun; {known.name} was begun with {', '.join(found)}. "
            f"Choose another name, or: faust -A app retire {known.name}"
        )


async def _remember_ours(ours: Settings, known: Version | None) -> None:
    """Let commands that run as another version know how this one is set."""
    rules = rules_of(ours)
    if known is None:
        known = Version(name_of(ours), rules, release_of("clickstream"), iso(_now_ms()))
    await put_version(ours, msgspec.structs.replace(known, rules=rules))


async def _starts(target: Settings, since_ms: int | None, logs: Logs) -> Starts:
    """The first offset to read of each input partition."""
    names = {topic_name(target, short): short for short in INPUTS}
    counts = await partition_counts(logs.admin, names)
    inputs = [TopicPartition(topic, p) for topic in names for p in range(counts[topic])]
    offsets = await logs.start_of(inputs)
    if since_ms is not None:
        ends = await logs.end_of(inputs)
        found = await logs.ends.offsets_for_times(dict.fromkeys(inputs, since_ms))
        offsets = {tp: at.offset if (at := found[tp]) else ends[tp] for tp in inputs}
    return {
        short: [offsets[TopicPartition(topic, p)] for p in range(counts[topic])]
        for topic, short in names.items()
    }


async def _commit(target: Settings, starts: Starts) -> None:
    """Commit where the intake begins, without a state: as if it had read all before, and nothing.

    One transaction, so that a version never begins half of its inputs elsewhere.
    """
    producer = AIOKafkaProducer(transactional_id=f"{target.identity}-begin", **target.connection)
    await producer.start()
    try:
        async with producer.transaction():
            offsets = {
                TopicPartition(topic_name(target, short), p): OffsetAndMetadata(offset, "")
                for short, each in starts.items()
                for p, offset in enumerate(each)
            }
            await producer.send_offsets_to_transaction(offsets, target.identity)
    finally:
        await producer.stop()


def _now_ms() -> int:
    return time_ns() // 1_000_000
