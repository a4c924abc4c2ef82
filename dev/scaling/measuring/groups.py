"""What Faust's assignor costs by the size of the group: the bytes of its members, and its time.

The group's coordinator keeps what all members sent and were assigned in one record, which may have
``message.max.bytes`` like any other.
"""

import asyncio
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.coordinator.protocol import ConsumerProtocolMemberMetadata
from aiokafka.errors import KafkaError
from faust.assignor.partition_assignor import PartitionAssignor
from yarl import URL

from bench.topics import create_topic
from dev.kafka.broker import LocalKafka

_INPUTS = ("clicks", "purchases")
_INNER = ("enriched-clicks", "purchases-by-user")
_CHANGELOGS = ("clickstream-click-counts-changelog", "clickstream-join-state-changelog")
_SIZES = ((16, 8), (64, 16), (128, 32), (256, 64), (512, 128), (1024, 256))
#: Bytes of a group's record that are tried: below and above 1 MiB.
_TRIED = (1_000_000, 1_060_000)


def measure(kafka: LocalKafka, _: Path) -> dict[str, Any]:
    """By partitions and workers: bytes of the group's record, and seconds of its leader.

    And which sizes of that record the broker takes, before and after it was allowed 16 MiB.
    """
    sizes = {f"{n} partitions, {w} workers": group(n, w) for n, w in _SIZES}
    return sizes | {"formed": asyncio.run(_tried(kafka))}


async def _tried(kafka: LocalKafka) -> dict[str, bool]:
    await create_topic(kafka.bootstrap, _INPUTS[0], 1)
    found = {f"{size:,} bytes": await _forms(kafka, size) for size in _TRIED}
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    wider = {"max.message.bytes": str(2**24), "cleanup.policy": "compact"}
    topic = ConfigResource(ConfigResourceType.TOPIC, "__consumer_offsets", wider)
    await admin.alter_configs([topic])
    await admin.close()
    return found | {f"{_TRIED[-1]:,} bytes of 16 MiB": await _forms(kafka, _TRIED[-1])}


async def _forms(kafka: LocalKafka, size: int) -> bool:
    """Whether a group of one member, with so many bytes to tell, gets its assignment."""

    class Wide(RoundRobinPartitionAssignor):  # type: ignore[misc]  # aiokafka has no types
        """Tells so many bytes."""

        @classmethod
        def metadata(cls, topics: Any) -> ConsumerProtocolMemberMetadata:
            """What a member tells."""
            return ConsumerProtocolMemberMetadata(0, list(topics), b"x" * size)

    consumer = AIOKafkaConsumer(
        _INPUTS[0],
        bootstrap_servers=kafka.bootstrap,
        group_id=f"wide-{uuid.uuid4()}",
        partition_assignment_strategy=[Wide],
    )
    try:
        await consumer.start()
        return bool(consumer.assignment())
    except KafkaError:
        return False
    finally:
        await consumer.stop()


def group(partitions: int, workers: int) -> dict[str, float]:
    """Bytes of the group's record, once it has formed twice, and seconds of its leader."""
    members = {f"faust-0.15.3-{number:036d}": _assignor(number) for number in range(workers)}
    topics = {*_INPUTS, *_INNER, *_CHANGELOGS}
    cluster = SimpleNamespace(partitions_for_topic=lambda _: set(range(partitions)))
    _assign(members, topics, cluster)
    began_s = time.process_time()
    sent, assigned = _assign(members, topics, cluster)
    return {
        "record_bytes": sum(map(len, sent)) + sum(map(len, assigned)),
        "leader_s": time.process_time() - began_s,
    }


def _assign(
    members: Mapping[str, PartitionAssignor], topics: set[str], cluster: Any
) -> tuple[list[bytes], list[bytes]]:
    """One generation: what members sent, and what they were assigned."""
    sent = {name: member.metadata(topics) for name, member in members.items()}
    leader = next(iter(members.values()))
    assigned = leader.assign(cluster, sent)
    for name, member in members.items():
        member.on_assignment(cast("Any", assigned[name]))
    return [m.encode() for m in sent.values()], [a.encode() for a in assigned.values()]


def _assignor(number: int) -> PartitionAssignor:
    nothing = SimpleNamespace(
        on_assignment_start=lambda _: None, on_assignment_completed=lambda *_: None
    )
    app = SimpleNamespace(
        tables=SimpleNamespace(data={}, changelog_topics=set(_CHANGELOGS)),
        conf=SimpleNamespace(canonical_url=URL(f"http://worker-{number}.example.com:6066")),
        sensors=nothing,
        tracer=None,
    )
    return PartitionAssignor(cast("Any", app))
