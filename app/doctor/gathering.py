"""Gathering the facts of a Kafka cluster: it is asked, and nothing of the application's changes."""

import asyncio
import time
from collections.abc import Collection, Sequence
from typing import Any

import msgspec
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError

from agents.spec import Envelope, StageSpec
from app.admin import check_topics
from app.audit.logs import Logs
from app.doctor.facts import Brokers, Flow, Group, OpenTransaction, Reading, Topic
from app.settings import Settings
from app.topics import changelog_name, topic_specs
from models.errors import TopicError
from tables.changelog import last_states

#: Seconds between two looks at transactions that stand open.
_WATCH_SECONDS = 2.0

Offsets = dict[TopicPartition, int]


async def brokers_of(settings: Settings, admin: AIOKafkaAdminClient) -> Brokers:
    """The cluster, as one broker tells of it."""
    cluster = await admin.describe_cluster()
    nodes = [broker["node_id"] for broker in cluster["brokers"]]
    connection = await admin._client._get_conn(nodes[0])  # noqa: SLF001 no public call tells the APIs
    apis = {api: highest for api, (_, highest) in connection._versions.items()}  # noqa: SLF001 as above
    config = await _configs(admin, ConfigResourceType.BROKER, [str(nodes[0])])
    return Brokers(
        settings.bootstrap_servers, None, len(nodes), apis, config.get(str(nodes[0]), {})
    )


async def _configs(
    admin: AIOKafkaAdminClient, kind: ConfigResourceType, names: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Configurations by name; none of what may not be read."""
    if not names:
        return {}
    try:
        answers = await admin.describe_configs([ConfigResource(kind, name) for name in names])
    except KafkaError:
        return {}
    return {
        name: {entry[0]: entry[1] for entry in entries}
        for answer in answers
        for _, _, _, name, entries in answer.resources
    }


async def flow_of(
    settings: Settings, logs: Logs, stages: Collection[StageSpec], watch_s: float = _WATCH_SECONDS
) -> Flow:
    """Topics, group and positions.

    Args:
        settings: The application's.
        logs: The cluster's.
        stages: The application's stages.
        watch_s: Seconds between two looks at open transactions.
    """
    topics = await _topics(settings, logs.admin)
    present = {topic.name: topic.partitions for topic in topics}
    all_ = [TopicPartition(name, p) for name, count in present.items() for p in range(count)]
    open_ = await _open(logs, all_, watch_s)
    states = await _states(settings, present, stages)
    return Flow(
        topic_faults=await _topic_faults(settings),
        topics=topics,
        group=await _group(logs.admin, settings.identity),
        readings=await _readings(settings, logs, present, stages, states),
        open=open_,
        watched_s=watch_s,
        transactions=None,
        tables_begun=sum(map(len, states.values())),
    )


async def _topic_faults(settings: Settings) -> tuple[str, ...]:
    try:
        await check_topics(settings)
    except TopicError as error:
        return tuple(str(error).splitlines())
    return ()


async def _topics(settings: Settings, admin: AIOKafkaAdminClient) -> tuple[Topic, ...]:
    names = [spec.name for spec in topic_specs(settings)]
    described = await admin.describe_topics(names)
    there = [t["topic"] for t in described if not t["error_code"]]
    configs = await _configs(admin, ConfigResourceType.TOPIC, there)
    return tuple(_topic(t, configs.get(t["topic"], {})) for t in described)


def _topic(described: dict[str, Any], config: dict[str, Any]) -> Topic:
    parts = [] if described["error_code"] else described["partitions"]
    return Topic(
        described["topic"],
        len(parts),
        replicas=min((len(p["replicas"]) for p in parts), default=0),
        in_sync=min((len(p["isr"]) for p in parts), default=0),
        leaderless=sum(p["leader"] < 0 for p in parts),
        config=config,
    )


async def _group(admin: AIOKafkaAdminClient, name: str) -> Group:
    try:
        (answer,) = await admin.describe_consumer_groups([name])
    except KafkaError:  # a broker that never had a group has nobody to ask
        return Group(name, "Dead", 0)
    _, _, state, _, _, members, *_ = answer.groups[0]
    return Group(name, state, len(members))


async def _open(
    logs: Logs, partitions: Sequence[TopicPartition], watch_s: float
) -> tuple[OpenTransaction, ...]:
    """Partitions in which something uncommitted stands where the first look found it."""
    if not partitions:
        return ()
    first: Offsets = await logs.committed.end_offsets(list(partitions))
    began_s = time.monotonic()
    waiting = await _uncommitted(logs, first)
    if not waiting:
        return ()
    await asyncio.sleep(max(0.0, watch_s - (time.monotonic() - began_s)))
    second: Offsets = await logs.committed.end_offsets(waiting)
    stuck = {tp: end for tp, end in second.items() if end == first[tp]}
    ends: Offsets = await logs.ends.end_offsets(list(stuck)) if stuck else {}
    return tuple(
        OpenTransaction(tp.topic, tp.partition, ends[tp] - end) for tp, end in stuck.items()
    )


async def _uncommitted(logs: Logs, committed: Offsets) -> list[TopicPartition]:
    ends: Offsets = await logs.ends.end_offsets(list(committed))
    return [tp for tp, end in committed.items() if end < ends[tp]]


async def _states(
    settings: Settings, present: dict[str, int], stages: Collection[StageSpec]
) -> dict[str, dict[int, Envelope]]:
    """What the stages with tables last committed, by stage and partition."""
    at = {
        TopicPartition(changelog, partition): spec.name
        for spec in stages
        if spec.table and (changelog := changelog_name(settings, spec.table)) in present
        for partition in range(present[changelog])
    }
    found: dict[str, dict[int, Envelope]] = {name: {} for name in at.values()}
    for tp, state in (await last_states(at, **settings.connection)).items():
        found[at[tp]][tp.partition] = msgspec.json.decode(state, type=Envelope)
    return found


async def _readings(
    settings: Settings,
    logs: Logs,
    present: dict[str, int],
    stages: Collection[StageSpec],
    states: dict[str, dict[int, Envelope]],
) -> tuple[Reading, ...]:
    inputs = [
        (spec, TopicPartition(topic, p))
        for spec in stages
        for topic in spec.inputs
        for p in range(present.get(topic, 0))
    ]
    if not inputs:
        return ()
    partitions = list(dict.fromkeys(tp for _, tp in inputs))
    offsets = await logs.group_offsets(settings.identity, partitions)
    starts = await logs.start_of(partitions)
    ends: Offsets = await logs.committed.end_offsets(partitions)
    half = await _half_aged(logs, partitions)

    def reading(spec: StageSpec, tp: TopicPartition) -> Reading:
        if spec.table is None:
            position = offsets[tp].offset if tp in offsets else None
        else:
            envelope = states.get(spec.name, {}).get(tp.partition)
            position = envelope.positions.get(tp.topic) if envelope else None
        read_to = max(position or 0, starts[tp])
        aging = read_to < min(half.get(tp, 0), ends[tp])
        return Reading(spec.name, tp.topic, tp.partition, position, starts[tp], ends[tp], aging)

    return tuple(reading(spec, tp) for spec, tp in inputs)


async def _half_aged(logs: Logs, partitions: Sequence[TopicPartition]) -> Offsets:
    """The first offset of each partition that is younger than half of its retention."""
    names = list(dict.fromkeys(tp.topic for tp in partitions))
    configs = await _configs(logs.admin, ConfigResourceType.TOPIC, names)
    kept_ms = {name: int(configs.get(name, {}).get("retention.ms") or -1) for name in names}
    now_ms = time.time_ns() // 1_000_000
    asked = {
        tp: now_ms - kept_ms[tp.topic] // 2
        for tp in partitions
        if 0 <= kept_ms[tp.topic] < 2 * now_ms
    }
    if not asked:
        return {}
    found = await logs.ends.offsets_for_times(asked)
    ends: Offsets = await logs.ends.end_offsets(list(asked))
    return {tp: at.offset if at else ends[tp] for tp, at in found.items()}
