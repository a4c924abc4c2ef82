"""Laws of the way from the consumer to the tasks, and of the seeks for batches that got lost."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from aiokafka.errors import KafkaConnectionError

from agents.delivery import Delivery
from agents.stage import FULL_RECORDS, StageTask
from tests.agents.fake_kafka import FakeKafka, FakeWriter
from tests.agents.fakes import TOPIC, EchoStage, FakeConsumer, FakeContext, batch, in_loop, spec_of

AT = (TOPIC, 0)


def task_of(name: str, **expected: int) -> StageTask:
    """A task that is not started, and expects these offsets of its inputs."""
    expected = expected or {TOPIC: 0}
    stage = EchoStage()
    spec = spec_of(stage, name, inputs=tuple(expected), table=None)
    task = StageTask(spec, 0, FakeWriter(FakeKafka()), FakeContext())
    task.load(None, {topic: (offset, None) for topic, offset in expected.items()})
    return task


def delivery_to(consumer: FakeConsumer, *tasks: StageTask) -> Delivery:
    """A delivery to tasks."""
    return Delivery(consumer, {(task.spec.name, task.partition): task for task in tasks})


@contextmanager
def warnings_in(caplog: pytest.LogCaptureFixture) -> Iterator[list[str]]:
    """What is logged as an error."""
    said: list[str] = []
    with caplog.at_level(logging.ERROR, "agents.delivery"):
        yield said
    said += [r.getMessage() for r in caplog.records if r.levelno >= logging.ERROR]


@in_loop
async def test_a_batch_goes_to_the_task_of_its_stage_and_partition() -> None:
    """Two stages read one topic; each is fed by an agent of its own."""
    one, two = task_of("one"), task_of("two")
    delivery = delivery_to(FakeConsumer(), one, two)
    await delivery.deliver("one", batch(0, 3))
    assert (3, 0) == (one.expected(TOPIC), two.expected(TOPIC))


@in_loop
async def test_a_batch_of_a_partition_that_is_gone_is_dropped() -> None:
    """Faust still hands out what it fetched before a rebalance."""
    consumer = FakeConsumer()
    await delivery_to(consumer).deliver("one", batch(0, 3))
    assert [] == consumer.sought


@in_loop
async def test_a_gap_is_sought_back_at_once() -> None:
    """To what the task expects."""
    consumer = FakeConsumer()
    delivery = delivery_to(consumer, task_of("one", **{TOPIC: 5}))
    await delivery.deliver("one", batch(7, 9))
    await delivery.deliver("one", batch(9, 11))
    assert [{AT: 5}] == consumer.sought


@in_loop
async def test_no_input_of_a_full_task_is_wanted() -> None:
    """A join that is behind in clicks would not get on with more purchases."""
    full, other = task_of("one", a=0, b=0), task_of("two", b=0, c=0)
    delivery = delivery_to(FakeConsumer(), full, other)
    assert {("a", 0), ("b", 0), ("c", 0)} == delivery.wanted()
    full.deliver(batch(0, FULL_RECORDS, topic="a"))
    assert {("c", 0)} == delivery.wanted()


@in_loop
async def test_the_lowest_offset_that_a_stage_expects_is_expected_of_the_consumer() -> None:
    """The stages of one topic commit apart from each other."""
    tasks = task_of("one", a=5, b=7), task_of("two", a=3)
    assert {("a", 0): 3, ("b", 0): 7} == delivery_to(FakeConsumer(), *tasks).expected()


@in_loop
async def test_a_dropped_tail_is_sought_back_after_two_equal_looks() -> None:
    """No later batch comes to show that gap; one look may fall between fetch and delivery."""
    consumer = FakeConsumer({AT: 9})
    delivery = delivery_to(consumer, task_of("one", **{TOPIC: 5}))
    await delivery.reconcile()
    assert [] == consumer.sought
    await delivery.reconcile()
    assert [{AT: 5}] == consumer.sought


@in_loop
async def test_nothing_is_sought_while_batches_arrive() -> None:
    """The consumer is always a little ahead of the tasks."""
    consumer, task = FakeConsumer({AT: 9}), task_of("one", **{TOPIC: 5})
    delivery = delivery_to(consumer, task)
    for offset in range(5, 9):
        await delivery.reconcile()
        task.deliver(batch(offset, offset + 1))
    assert [] == consumer.sought


@in_loop
async def test_a_gap_is_sought_back_though_the_consumer_reads_on() -> None:
    """A topic that never rests must not keep a partition from ever going on."""
    consumer = FakeConsumer({AT: 9})
    delivery = delivery_to(consumer, task_of("one", **{TOPIC: 5}))
    await delivery.reconcile()
    consumer.positions[AT] = 30
    await delivery.reconcile()
    assert [{AT: 5}] == consumer.sought


@in_loop
async def test_a_consumer_that_has_not_read_so_far_is_left_alone() -> None:
    """It was sought back, or knows of no position yet."""
    consumer = FakeConsumer({AT: 5})
    delivery = delivery_to(consumer, task_of("one", a=1, **{TOPIC: 5}))
    for _ in range(3):
        await delivery.reconcile()
    assert [] == consumer.sought


@in_loop
async def test_what_retention_deleted_is_skipped_and_told(caplog: pytest.LogCaptureFixture) -> None:
    """It can't be read any more; waiting for it would stop the partition for ever."""
    consumer, task = FakeConsumer({AT: 30}, {AT: 20}), task_of("one", **{TOPIC: 5})
    delivery = delivery_to(consumer, task)
    with warnings_in(caplog) as said:
        await delivery.reconcile()
        await delivery.reconcile()
    assert 20 == task.expected(TOPIC)
    assert [{AT: 20}] == consumer.sought
    [line] = said
    assert "in-0 lost the offsets 5 to 19 to retention" in line
    assert "Raise the topic's retention" in line


@in_loop
async def test_what_retention_left_is_not_skipped(caplog: pytest.LogCaptureFixture) -> None:
    """The log begins below what is expected: all of it can still be read."""
    consumer, task = FakeConsumer({AT: 30}, {AT: 5}), task_of("one", **{TOPIC: 5})
    delivery = delivery_to(consumer, task)
    with warnings_in(caplog) as said:
        await delivery.reconcile()
        await delivery.reconcile()
    assert (5, []) == (task.expected(TOPIC), said)


@in_loop
async def test_a_reconciler_that_kafka_does_not_answer_looks_again() -> None:
    """A broker that is down for a while is waited for: the worker goes on living."""
    consumer = FakeConsumer({AT: 9}, error=KafkaConnectionError("down"))
    delivery = delivery_to(consumer, task_of("one", **{TOPIC: 5}))
    for _ in range(3):
        await delivery.reconcile()
    assert [] == consumer.sought
    consumer.error = None
    await delivery.reconcile()
    assert [{AT: 5}] == consumer.sought


def test_a_delivery_without_tasks_wants_nothing() -> None:
    """Between revocation and the next assignment."""
    delivery = delivery_to(FakeConsumer({AT: 9}))
    asyncio.run(delivery.reconcile())
    assert ({}, set()) == (delivery.expected(), delivery.wanted())
