"""Beginning a version: its topics, where it starts to read, and that it is there."""

from collections.abc import Mapping
from importlib.metadata import version as release_of
from time import time_ns

import msgspec
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import ProducerFenced
from aiokafka.structs import OffsetAndMetadata

from app.admin import create_topics
from app.audit.logs import Logs
from app.inputs.cluster import partition_counts
from app.settings import Settings
from app.topics import INPUTS, topic_name
from app.versions.errors import VersionError
from app.versions.progress import gone
from app.versions.registry import (
    Version,
    check_rules,
    make_registry,
    put_version,
    read_registry,
    record_of,
    registry_topic,
)
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
        VersionError: It was begun otherwise, or something of it is gone.
        SettingsError: The version that is there is not set as it was begun.
    """
    _check_since(since_ms)
    wanted = _version(target, None if since_ms is None else iso(since_ms))
    await make_registry(ours, logs.admin)
    registry = await read_registry(ours, logs)
    check_rules(ours, registry)
    if (known := registry.versions.get(wanted.name)) is not None:
        _check_same(known, wanted)
        await _check_whole(target, known, logs)
        await create_topics(target)
        return known
    await create_topics(target)
    if not ours.version:
        await _remember_ours(ours, registry.versions.get(name_of(ours)))
    begun = msgspec.structs.replace(wanted, starts=await _starts(target, since_ms, logs))
    return await _begin(ours, target, begun, logs)


def _check_since(since_ms: int | None) -> None:
    if since_ms is not None and since_ms > _now_ms():
        raise VersionError(
            f"A replay begins with records that are there: --from lies in the past; got "
            f"{iso(since_ms)}. Choose an earlier time."
        )


def _check_same(known: Version, wanted: Version) -> None:
    wrong = differing(known.rules, wanted.rules)
    found = [f"{name}={was} and not {now}" for name, (was, now) in wrong.items()]
    if known.since != wanted.since:
        found.append(f"{_from(known)} and not {_from(wanted)}")
    if found:
        raise VersionError(
            f"A version stays as it was begun; {known.name} was begun with {', '.join(found)}. "
            f"Choose another name, or: faust -A app retire {known.name}"
        )


def _from(version: Version) -> str:
    return "all of the inputs" if version.since is None else f"--from {version.since}"


async def _check_whole(target: Settings, known: Version, logs: Logs) -> None:
    """Check that nobody deleted what it goes on with: without that it would lack the past."""
    lacking = [f"topic {name}" for name in await gone(target, logs)]
    begun = list(_offsets(target, known.starts))
    if len(await logs.group_offsets(target.identity, begun)) < len(begun):
        lacking.append(f"where the group {target.identity} had read to")
    if lacking:
        raise VersionError(
            f"A version goes on with what it has; of {known.name} there is no more: "
            f"{', '.join(lacking)}. Was retiring it interrupted? Run: faust -A app retire "
            f"{known.name}; then replay again."
        )


def _version(settings: Settings, since: str | None = None) -> Version:
    release, begun = release_of("clickstream"), iso(_now_ms())
    return Version(name_of(settings), rules_of(settings), release, begun, since)


async def _remember_ours(ours: Settings, known: Version | None) -> None:
    """Let commands that run as another version know how this one is set."""
    version = known or _version(ours)
    await put_version(ours, msgspec.structs.replace(version, rules=rules_of(ours)))


async def _starts(target: Settings, since_ms: int | None, logs: Logs) -> Starts:
    """The first offset to read of each input partition."""
    names = {topic_name(target, short): short for short in INPUTS}
    counts = await partition_counts(logs.admin, names)
    inputs = [TopicPartition(topic, p) for topic in names for p in range(counts[topic])]
    offsets = await logs.start_of(inputs)
    if since_ms is not None:
        ends = await logs.end_of(inputs)
        # Kafka's timestamps are no earlier than the epoch.
        found = await logs.ends.offsets_for_times(dict.fromkeys(inputs, max(since_ms, 0)))
        offsets = {tp: at.offset if (at := found[tp]) else ends[tp] for tp in inputs}
    return {
        short: [offsets[TopicPartition(topic, p)] for p in range(counts[topic])]
        for topic, short in names.items()
    }


async def _begin(ours: Settings, target: Settings, begun: Version, logs: Logs) -> Version:
    """Commit where the intake begins, and that the version is there, in one transaction.

    The offsets have no state: as if it had read all before, and nothing. Two that begin it at the
    same time do not begin it twice: the later one fences the other, then looks again.

    Raises:
        VersionError: Another process begins it, too.
    """
    producer = AIOKafkaProducer(transactional_id=f"{target.identity}-begin", **target.connection)
    await producer.start()
    try:
        registry = await read_registry(ours, logs)
        if (known := registry.versions.get(begun.name)) is not None:
            _check_same(known, begun)
            return known
        async with producer.transaction():
            offsets = _offsets(target, begun.starts)
            await producer.send_offsets_to_transaction(offsets, target.identity)
            key, value = record_of(begun)
            await producer.send_and_wait(registry_topic(ours), value, key, partition=0)
    except ProducerFenced:
        # aiokafka tells whoever waits for the transaction's end, too: nobody does any more.
        ended = producer._txn_manager.wait_for_transaction_end()  # noqa: SLF001
        ended.add_done_callback(lambda one: one.exception())
        raise VersionError(
            f"One process at a time begins a version; another one begins {begun.name} now. Let it, "
            "then run this again."
        ) from None
    finally:
        await producer.stop()
    return begun


def _offsets(
    target: Settings, starts: Mapping[str, list[int]]
) -> dict[TopicPartition, OffsetAndMetadata]:
    return {
        TopicPartition(topic_name(target, short), p): OffsetAndMetadata(offset, "")
        for short, each in starts.items()
        for p, offset in enumerate(each)
    }


def _now_ms() -> int:
    return time_ns() // 1_000_000
