"""Laws of a partition's transactional producer, on a real Kafka."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from dev.kafka import Broker
from models.stage import Output
from tests.agents.fakes import in_loop
from tests.integration.logs import (
    committed,
    end_of,
    group_offset,
    new_topic,
    outputs,
    send_and_leave_open,
    writer_of,
)

MIB = 1024 * 1024


@in_loop
async def test_a_second_writer_of_one_id_fences_the_first(kafka: Broker) -> None:
    """The first one's next commit raises, and nothing of it is ever seen."""
    topic = await new_topic(kafka.bootstrap)
    async with writer_of(kafka.bootstrap, topic) as first:
        await first.commit({(topic, 0): outputs([(b"a", b"1")])}, {})
        async with writer_of(kafka.bootstrap, topic) as second:
            with pytest.raises(KafkaError):
                await first.commit(
                    {(topic, 0): outputs([(b"a", b"zombie")])}, {(topic, 0): (9, "")}
                )
            await second.commit({(topic, 0): outputs([(b"a", b"2")])}, {})
    found = await committed(kafka.bootstrap, topic)
    assert [b"1", b"2"] == [record.value for record in found[0]]
    assert -1 == (await group_offset(kafka.bootstrap, "g", TopicPartition(topic, 0)))[0]


@in_loop
async def test_a_fence_makes_the_logs_end_final(kafka: Broker) -> None:
    """A former owner's open transaction ends before the fence stands: what is read then stays."""
    topic = await new_topic(kafka.bootstrap)
    at = TopicPartition(topic, 0)
    async with writer_of(kafka.bootstrap, topic) as first:
        await first.commit({(topic, 0): outputs([(b"a", b"1")])}, {})
        await send_and_leave_open(first, at, b"a")
        before = await end_of(kafka.bootstrap, at)
        async with writer_of(kafka.bootstrap, topic):
            after = await end_of(kafka.bootstrap, at)
            # 0: committed, 1: control | 2: open, then aborted, 3: control
            assert (2, 4) == (before, after)
            assert after == await end_of(kafka.bootstrap, at, "read_uncommitted")
    assert [b"1"] == [record.value for record in (await committed(kafka.bootstrap, topic))[0]]


@in_loop
async def test_outputs_and_offsets_are_committed_together(kafka: Broker) -> None:
    """With the metadata that a stateless stage keeps its state in."""
    topic, group = await new_topic(kafka.bootstrap), f"g{uuid4().hex[:8]}"
    at = TopicPartition(topic, 0)
    async with writer_of(kafka.bootstrap, topic, group) as writer:
        await writer.commit({(topic, 1): outputs([(b"a", b"1")])}, {(topic, 0): (7, "S=3")})
    assert (7, "S=3") == await group_offset(kafka.bootstrap, group, at)
    found = await committed(kafka.bootstrap, topic)
    assert {0: [], 1: [b"1"]} == {p: [r.value for r in records] for p, records in found.items()}


@in_loop
async def test_kafka_refuses_no_batch_for_the_moment(
    kafka: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It asks the coordinator about each, which must not be busy with another part then."""
    topic, group = await new_topic(kafka.bootstrap), f"g{uuid4().hex[:8]}"
    again: list[object] = []
    async with writer_of(kafka.bootstrap, topic, group) as writer:
        sends = {(topic, partition): outputs([(b"a", b"1")]) for partition in (0, 1)}
        await writer.commit(sends, {(topic, 0): (0, "")})  # finds out where everything is
        batches = writer._producer._message_accumulator
        monkeypatch.setattr(batches, "reenqueue", _both(again.append, batches.reenqueue))
        for offset in range(1, 50):
            await writer.commit(sends, {(topic, 0): (offset, "")})
    assert [] == again


def _both(first: Callable[[object], None], then: Callable[[object], None]) -> Callable[..., None]:
    def call(argument: object) -> None:
        first(argument)
        then(argument)

    return call


@in_loop
async def test_a_batch_that_kafka_refuses_fails_the_whole_transaction(kafka: Broker) -> None:
    """A record over the topic's limit: neither the other topic's records nor the offset count."""
    small = await new_topic(kafka.bootstrap, max_message_bytes="1000")
    good, group = await new_topic(kafka.bootstrap), f"g{uuid4().hex[:8]}"
    sends = {
        (good, 0): outputs([(b"a", b"1")]),
        (small, 0): outputs([(b"b", b"x" * 5_000)]),
        (good, 1): outputs([(b"c", b"3")]),
    }
    async with writer_of(kafka.bootstrap, good, group) as writer:
        with pytest.raises(KafkaError, match="MessageSizeTooLarge"):
            await writer.commit(sends, {(good, 0): (7, "")})
        writer.discard()
    async with writer_of(kafka.bootstrap, good, group) as writer:
        await writer.commit({(good, 0): outputs([(b"d", b"4")])}, {})
    found = await committed(kafka.bootstrap, good)
    assert {0: [b"4"], 1: []} == {p: [r.value for r in records] for p, records in found.items()}
    assert {0: [], 1: []} == await committed(kafka.bootstrap, small)
    assert -1 == (await group_offset(kafka.bootstrap, group, TopicPartition(good, 0)))[0]


@in_loop
async def test_the_offset_of_the_last_record_of_each_partition_is_told(kafka: Broker) -> None:
    """However many batches it took, and behind control records of earlier transactions."""
    topic = await new_topic(kafka.bootstrap, max_message_bytes=str(4 * MIB))
    large, few = [(b"%d" % n, bytes(600_000)) for n in range(5)], [(b"a", b"1"), (b"b", None)]
    async with writer_of(kafka.bootstrap, topic) as writer:
        told = [
            await writer.commit({(topic, 0): outputs(rows), (topic, 1): outputs(few)}, {})
            for rows in (large, few, large)
        ]
    found = await committed(kafka.bootstrap, topic)
    offsets = {p: [record.offset for record in records] for p, records in found.items()}
    # partition 0: 0 1 2 3 4 control 6 7 control 9 10 11 12 13 control
    assert [4, 7, 13] == [last[topic, 0] for last in told]
    assert [1, 4, 7] == [last[topic, 1] for last in told]
    assert [0, 1, 2, 3, 4, 6, 7, 9, 10, 11, 12, 13] == offsets[0]


@in_loop
async def test_a_record_of_4_mib_passes(kafka: Broker) -> None:
    """Less what Kafka itself writes around it; small ones before and behind stay in order."""
    topic = await new_topic(kafka.bootstrap, max_message_bytes=str(4 * MIB))
    sizes = [10, 4 * MIB - 1_024, 10]
    async with writer_of(kafka.bootstrap, topic) as writer:
        last = await writer.commit({(topic, 0): outputs((b"a", bytes(n)) for n in sizes)}, {})
    assert {(topic, 0): 2} == last
    found = await committed(kafka.bootstrap, topic)
    assert sizes == [len(record.value) for record in found[0]]


@in_loop
async def test_keys_values_and_headers_arrive_as_sent(kafka: Broker) -> None:
    """Control records of stages have headers and no value; dead letters may have no key."""
    topic = await new_topic(kafka.bootstrap)
    sent = [
        Output(b"a", None),
        Output(None, b"1", 0, (("watermark", b"5"), ("q", b"clicks-0"))),
        Output(b"", b""),
    ]
    async with writer_of(kafka.bootstrap, topic) as writer:
        await writer.commit({(topic, 0): sent}, {})
    found = (await committed(kafka.bootstrap, topic))[0]
    expected = [(output.key, output.value, output.headers) for output in sent]
    assert expected == [(record.key, record.value, tuple(record.headers)) for record in found]


@in_loop
async def test_an_empty_transaction_is_committed(kafka: Broker) -> None:
    """A stateless stage may have nothing to send: its offset moves on."""
    topic, group = await new_topic(kafka.bootstrap), f"g{uuid4().hex[:8]}"
    async with writer_of(kafka.bootstrap, topic, group) as writer:
        assert {} == await writer.commit({}, {(topic, 0): (3, "")})
        assert {} == await writer.commit({}, {})
    assert 3 == (await group_offset(kafka.bootstrap, group, TopicPartition(topic, 0)))[0]
