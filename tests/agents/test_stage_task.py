"""Laws of the exactly-once loop: what one turn makes of its records."""

from pathlib import Path

from agents.routing import routed
from models.partitioning import partition_of
from models.stage import Output, Step
from tables.store import STATE_KEY
from tests.agents.bench import CHANGELOG, note_in, on_bench, stateless
from tests.agents.fake_kafka import FakeKafka
from tests.agents.fakes import TOPIC, EchoStage, FakeContext, batch, eventually, in_loop, spec_of


@in_loop
async def test_a_step_is_one_transaction_of_outputs_changelog_and_position(tmp_path: Path) -> None:
    """All that follows from two records stands or falls together."""
    async with on_bench(tmp_path) as bench:
        bench.task.deliver(batch(0, 2))
        await eventually(lambda: bench.kafka.transactions)
    [transaction] = bench.kafka.transactions
    assert {"x-echo", "x-rows-changelog"} == {topic for topic, _ in transaction}
    rows = transaction[CHANGELOG]
    assert [(b"k0", b"0"), (b"k1", b"1"), STATE_KEY] == [*[r[:2] for r in rows[:2]], rows[2].key]
    assert {TOPIC: 2} == bench.envelope.positions
    assert b'{"count":2}' == bytes(bench.envelope.stage)
    assert {b"0", b"1"} == {output.value for output in bench.kafka.sent("x-echo")}


@in_loop
async def test_rows_are_written_after_the_commit_with_the_changelogs_last_offset(
    tmp_path: Path,
) -> None:
    """Local state is never ahead of Kafka: a crash between the two is made up by the changelog."""
    async with on_bench(tmp_path) as bench:
        for turn in range(2):
            bench.task.deliver(batch(2 * turn, 2 * turn + 2))
            await eventually(lambda turn=turn: len(bench.kafka.journal) == 3 + 2 * turn)  # type: ignore[misc]
        assert ["fence", "commit", "write", "commit", "write"] == bench.kafka.journal
        assert bench.store is not None
        # 0 1 state control | 4 5 state control
        assert 6 == bench.store.offset
        assert {b"k%d" % n: b"%d" % n for n in range(4)} == bench.rows
        assert bench.kafka.transactions[-1][CHANGELOG][-1].value == bench.store.state()


@in_loop
async def test_nothing_is_written_while_the_commit_is_under_way(tmp_path: Path) -> None:
    """However long Kafka takes."""
    async with on_bench(tmp_path) as bench:
        bench.writer.fault = "hang"
        bench.task.deliver(batch(0, 2))
        await eventually(lambda: bench.stage.steps)
        await bench.task.stop(0.05)
        assert (["fence"], {}) == (bench.kafka.journal, bench.rows)


@in_loop
async def test_a_task_goes_on_from_state_and_position_of_its_table(tmp_path: Path) -> None:
    """Not from the group's offset, which only shows the lag, nor from the log's start."""
    async with on_bench(tmp_path) as first:
        first.task.deliver(batch(0, 3))
        await eventually(lambda: first.rows)
    stage = EchoStage()
    async with on_bench(tmp_path, stage=stage, starts={TOPIC: (1, None)}) as second:
        assert (3, 3) == (second.task.expected(TOPIC), stage.count)
        second.task.deliver(batch(0, 5))
        await eventually(lambda: second.kafka.transactions)
        assert [3, 4] == stage.offsets
        assert first.envelope.lineage == second.envelope.lineage


@in_loop
async def test_without_a_position_a_task_begins_at_the_logs_start_and_nowhere_else(
    tmp_path: Path,
) -> None:
    """A first batch further on is a gap: offsets before it may have been dropped."""
    async with on_bench(tmp_path, starts={TOPIC: (4, None)}) as bench:
        assert 4 == bench.task.deliver(batch(6, 8))
        assert bench.task.deliver(batch(4, 6)) is None


@in_loop
async def test_a_topic_that_a_position_does_not_know_begins_where_it_is_told(
    tmp_path: Path,
) -> None:
    """A stage that was given one more input keeps the positions of the others."""
    async with on_bench(tmp_path) as first:
        first.task.deliver(batch(0, 3))
        await eventually(lambda: first.rows)
    stage = EchoStage()
    spec = spec_of(stage, inputs=(TOPIC, "new"))
    starts = {TOPIC: (0, None), "new": (7, None)}
    async with on_bench(tmp_path, spec, stage=stage, starts=starts) as second:
        assert (3, 7) == (second.task.expected(TOPIC), second.task.expected("new"))


@in_loop
async def test_a_stateless_stage_commits_its_offset_with_its_state_as_metadata(
    tmp_path: Path,
) -> None:
    """It has no changelog: the next owner reads both from the group."""
    stage, kafka = EchoStage(), FakeKafka()
    async with on_bench(tmp_path, stateless(stage), stage=stage, kafka=kafka) as bench:
        bench.task.deliver(batch(0, 3))
        await eventually(lambda: kafka.transactions)
    assert {"x-echo"} == {topic for topic, _ in kafka.transactions[0]}
    offset, metadata = kafka.offsets[TOPIC, 0]
    assert (3, b'{"count":3}') == (offset, bytes(note_in(metadata).stage))
    again = EchoStage()
    starts = {TOPIC: (offset, metadata.encode())}
    async with on_bench(tmp_path, stateless(again), stage=again, starts=starts) as bench:
        assert (3, 3) == (bench.task.expected(TOPIC), again.count)


@in_loop
async def test_a_stage_with_a_table_commits_offsets_that_show_its_lag(tmp_path: Path) -> None:
    """In its transaction, at most every second, without metadata: nobody starts from them."""
    async with on_bench(tmp_path) as bench:
        for n in range(3):
            bench.task.deliver(batch(n, n + 1))
            await eventually(lambda n=n: len(bench.kafka.transactions) == n + 1)  # type: ignore[misc]
        assert {(TOPIC, 0): (1, "")} == bench.kafka.offsets


@in_loop
async def test_outputs_go_to_the_partition_of_their_key_as_java_clients_hash_it(
    tmp_path: Path,
) -> None:
    """So that the stages behind are co-partitioned, whoever else writes their topics."""
    stage = EchoStage()
    context = FakeContext(partitions=4)
    async with on_bench(tmp_path, stateless(stage), stage=stage, context=context) as bench:
        bench.task.deliver(batch(0, 20))
        await eventually(lambda: bench.kafka.transactions)
    [transaction] = bench.kafka.transactions
    found = {o.key: p for (t, p), outputs in transaction.items() if t == "x-echo" for o in outputs}
    assert {b"k%d" % n: partition_of(b"k%d" % n, 4) for n in range(20)} == found


@in_loop
async def test_an_output_that_names_its_partition_goes_there(tmp_path: Path) -> None:
    """Watermarks go to every partition, whatever their key."""
    stage = EchoStage(partition=3)
    async with on_bench(tmp_path, stateless(stage), stage=stage) as bench:
        bench.task.deliver(batch(0, 20))
        await eventually(lambda: bench.kafka.transactions)
    [transaction] = bench.kafka.transactions
    assert {("x-echo", 3)} == set(transaction)


@in_loop
async def test_outputs_of_a_stage_with_a_table_stay_in_its_partition(tmp_path: Path) -> None:
    """It is that of their key: the stage's input is partitioned by the same."""
    async with on_bench(tmp_path, context=FakeContext(partitions=4)) as bench:
        bench.task.deliver(batch(0, 20))
        await eventually(lambda: bench.kafka.transactions)
    [transaction] = bench.kafka.transactions
    assert {("x-echo", 0), CHANGELOG} == set(transaction)


def test_an_output_without_key_stays_in_its_partition_as_far_as_there_is_one() -> None:
    """Dead letters keep the key they had, maybe none; inputs may have more partitions."""
    step = Step()
    step.send("dead", Output(None, b"?"))
    assert {("x-dead", 2): [Output(None, b"?")]} == routed(step, 6, FakeContext(partitions=4))


@in_loop
async def test_control_records_alone_are_no_transaction(tmp_path: Path) -> None:
    """A stage whose outputs come back to it as markers would else never rest."""
    async with on_bench(tmp_path) as bench:
        bench.task.deliver(batch(0, 2, []))
        await eventually(lambda: bench.stage.steps)
        assert [] == bench.kafka.transactions
        bench.task.deliver(batch(2, 3))
        await eventually(lambda: bench.kafka.transactions)
        assert {TOPIC: 3} == bench.envelope.positions


@in_loop
async def test_each_step_for_which_there_is_more_is_a_transaction_of_its_own(
    tmp_path: Path,
) -> None:
    """A stage that has much to say says it in transactions of bounded size."""
    async with on_bench(tmp_path, stage=EchoStage(rounds=3)) as bench:
        bench.task.deliver(batch(0, 2))
        await eventually(lambda: len(bench.kafka.transactions) == 4)
        assert [[0, 1], [], [], []] == [offsets for offsets, _ in bench.stage.steps]
