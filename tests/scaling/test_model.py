"""Laws of the loads: what grows with what."""

import math
from dataclasses import fields, replace
from functools import partial
from importlib.util import find_spec

import pytest
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from agents.stage import BEHIND_RECORDS, behind_records
from app.settings import Settings
from dev.kafka.jars import ROOT
from dev.scaling.constants import Constants
from dev.scaling.limits import LIMITS, at, default, hot_user
from dev.scaling.measuring.groups import group
from dev.scaling.measuring.states import figures
from dev.scaling.model import Model, distinct
from dev.scaling.sizing import FEWEST, MOST, Sizer, first, need
from dev.scaling.traffic import Traffic
from dev.scaling.workload import Deployment, Design, Workload
from models.watermark import watermark_headers

ONE = Constants()
T0 = 1_767_225_600_000


def model(
    clicks_s: float = 100_000,
    partitions: int = 16,
    inputs: int = 16,
    workers: int = 10,
    design: Design | None = None,
    **more: int,
) -> Model:
    """A deployment under a workload."""
    work = replace(default(clicks_s), **more)
    return Model(work, Deployment(workers, inputs, partitions), design or Design())


def test_doubling_clicks_and_users_doubles_what_clicks_cost() -> None:
    """Processor time, bytes, rows: not what partitions cost."""
    once, twice = model(100_000), model(200_000)
    assert pytest.approx(2 * once.click_cores, rel=0.01) == twice.click_cores
    assert pytest.approx(2 * Traffic(once).record_cores, rel=0.01) == Traffic(twice).record_cores
    assert 2 * once.count_rows == pytest.approx(twice.count_rows)
    assert 2 * once.join_rows == twice.join_rows


@pytest.mark.parametrize(("inputs", "partitions", "times"), [(16, 32, 2), (32, 16, 2), (32, 32, 4)])
def test_watermark_records_grow_with_the_product_of_partitions(
    inputs: int, partitions: int, times: int
) -> None:
    """Each input partition tells each inner one, for both inputs; 16 x 16 tell 1,024 a second."""
    assert 1_024 == model().watermarks_s
    assert 1_024 * times == model(inputs=inputs, partitions=partitions).watermarks_s


def test_watermark_records_do_not_depend_on_clicks() -> None:
    """But on the interval."""
    assert model(1_000_000).watermarks_s == model().watermarks_s
    assert model().watermarks_s / 2 == model(watermark_interval_ms=1_000).watermarks_s


def test_relayed_watermark_records_grow_with_the_sum_of_partitions() -> None:
    """Of both inputs, twice a second: 16 to the relay, 16 from it."""
    relayed = model(design=Design(relayed=True))
    assert 2 * 2 * (16 + 16) == relayed.watermarks_s
    assert 1 == relayed.counting.known


def test_marks_grow_with_the_square_of_partitions() -> None:
    """While a batch has clicks for each of them."""
    few, many = model(1_000_000), model(1_000_000, partitions=32, inputs=32)
    marks = [
        m.enrichment.count * m.enrichment.commits_s * m.enrichment.touched for m in (few, many)
    ]
    # Sixteen partitions get 62,500 clicks/s each, and commit at the most that a commit takes.
    assert pytest.approx(4 * (33 / 34) * marks[0] * 31.25 / 40, rel=0.01) == marks[1]


def test_a_longer_interval_saves_transactions_only_while_the_input_is_not_behind() -> None:
    """With ten records waiting for each of its milliseconds a task commits at once."""
    slow, busy, behind = 100_000, 1_000_000, 2_000_000
    many = partial(model, partitions=128, inputs=128)
    assert 10 == many(slow).enrichment.commits_s
    assert behind / 128 / BEHIND_RECORDS == many(behind).enrichment.commits_s
    second = partial(many, commit_interval_ms=1_000)
    assert 1 == second(slow).enrichment.commits_s == second(busy).enrichment.commits_s
    assert behind / 128 / behind_records(1_000) == second(behind).enrichment.commits_s


def test_a_shared_transaction_is_one_for_each_worker() -> None:
    """Ten of them, ten times a second; each still marks most partitions."""
    shared = model(design=Design(shared=True))
    assert 10 * 10 == shared.transactions_s
    assert shared.markers_s < model().markers_s
    assert 10 == shared.producers


@pytest.mark.parametrize(("drawn", "population"), [(1, 10), (10, 10), (1e6, 10), (10, 1e9)])
def test_different_ones_are_no_more_than_were_drawn_or_than_there_are(
    drawn: float, population: float
) -> None:
    """And nearly as many as the fewer of both, where one is far fewer."""
    found = distinct(drawn, population)
    assert found <= min(drawn, population)
    assert found >= (1 - math.exp(-1)) * min(drawn, population)


@pytest.mark.parametrize("clicks_s", [1_000, 30_000, 100_000, 1_000_000])
def test_a_deployment_has_room_for_its_load(clicks_s: float) -> None:
    """No task and no worker over its fill; each worker has a partition."""
    found = Sizer().sized(default(clicks_s))
    assert need(found) <= 1
    assert all(found.task_cores(task) <= ONE.fill for task in found.tasks)
    assert found.cores <= found.given.workers * ONE.fill
    assert found.given.workers <= found.given.partitions


def test_a_deployment_is_no_larger_than_it_must_be() -> None:
    """With half the partitions something lacks."""
    found = Sizer().sized(default(1_000_000))
    half = Sizer(partitions=found.given.partitions // 2).sized(found.work)
    assert need(half) > 1


def test_the_partitions_looked_at_are_those_that_the_setting_takes() -> None:
    """From its default to its bound."""
    field = Settings.model_fields["partitions"]
    assert FEWEST == field.default
    assert [MOST] == [rule.le for rule in field.metadata if hasattr(rule, "le")]


def test_the_defaults_of_a_workload_are_those_of_the_settings() -> None:
    """Where they are settings."""
    loaded = Settings()
    theirs = {
        "window_ms": loaded.window_size_ms,
        "grace_ms": loaded.grace_ms,
        "within_ms": loaded.join_within_ms,
        "retention_ms": loaded.retention_ms,
        "commit_interval_ms": loaded.commit_interval_ms,
        "watermark_interval_ms": loaded.watermark_interval_ms,
    }
    ours = {f.name: f.default for f in fields(Workload) if f.name in theirs}
    assert theirs == ours


def test_more_partitions_restore_sooner_and_cost_more() -> None:
    """Four times as many: a quarter of the rows each."""
    few, many = (Sizer(partitions=count).sized(default(100_000)) for count in (16, 64))
    assert pytest.approx(Traffic(few).restore_s / 4) == Traffic(many).restore_s
    assert many.cores > few.cores
    assert Traffic(many).commit_cores > 4 * Traffic(few).commit_cores


def test_a_user_may_make_as_many_clicks_as_one_core_joins() -> None:
    """However many workers there are: a tenth of the share at ten times the clicks."""
    assert pytest.approx(10 * hot_user(model(1_000_000))) == hot_user(model(100_000))
    assert 1.0 == hot_user(model(1_000))


@pytest.mark.parametrize(("partitions", "workers"), [(64, 16), (256, 16), (256, 64), (512, 16)])
def test_the_groups_record_is_as_long_as_fausts_assignor_makes_it(
    partitions: int, workers: int
) -> None:
    """Within a tenth: the assignor itself is run for that many workers."""
    told = Traffic(model(partitions=partitions, workers=workers)).group_bytes
    assert pytest.approx(group(partitions, workers)["record_bytes"], rel=0.1) == told


@pytest.mark.parametrize("inputs", [8, 256])
def test_a_state_is_as_long_as_the_counting_stage_makes_it(inputs: int) -> None:
    """But for its envelope: positions, lineage and ledger."""
    state_bytes, _, _ = figures(inputs)
    envelope = 350
    told = ONE.state_bytes + inputs * ONE.known_bytes
    assert pytest.approx(state_bytes + envelope, rel=0.1) == told


def test_every_limit_that_breaks_does_not_break_right_below() -> None:
    """And does so at the load that is told."""
    broken = 0
    for limit in LIMITS:
        clicks_s = limit.breaks_at(Sizer(), default(100_000))
        if clicks_s is None or clicks_s == 100_000:
            continue
        broken += 1
        assert limit.used(Sizer().sized(default(clicks_s))) > 1
        assert limit.used(Sizer().sized(at(default(100_000), clicks_s / 1.02))) <= 1
    assert broken >= 5


@pytest.mark.parametrize("threshold", [2.0, 30.0, 999.0])
def test_the_first_failure_is_found_to_a_hundredth(threshold: float) -> None:
    """Between a load that holds and one that does not."""
    found = first(lambda load: load > threshold, 1.0, 1_000.0)
    assert found is not None
    assert threshold < found <= 1.01 * threshold


def test_what_never_fails_has_no_first_failure() -> None:
    """And what fails at once fails at the lowest load."""
    assert first(lambda _: False, 1.0, 1_000.0) is None
    assert 1.0 == first(lambda _: True, 1.0, 1_000.0)


def test_every_constant_says_what_it_is_and_who_measured_it() -> None:
    """A command that exists, a file, or that nobody did."""
    for field in fields(Constants):
        source = str(field.metadata["source"])
        assert field.metadata["what"]
        if source.startswith("`python -m "):
            module, part = source.strip("`").split()[2:]
            assert find_spec(f"{module}.{part}") is not None
        elif "/" in source:
            assert (ROOT / source).exists()


def test_signals_are_as_long_as_kafkas_format_makes_them() -> None:
    """A watermark record, a deleted row, a group offset; and a batch's head, which all share."""
    told = list(watermark_headers("clicks-123", T0, T0))
    assert ONE.watermark_bytes == record_bytes(None, None, told)
    assert ONE.tombstone_bytes == record_bytes(b"w" * 9 + b"user-00001", None, [])
    assert ONE.offset_bytes == record_bytes(b"k" * 29, b"v" * 224, [])
    assert ONE.batch_bytes == batch_of(0, None, None, [])


def record_bytes(key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes]]) -> int:
    """What a second record adds to a batch."""
    return batch_of(2, key, value, headers) - batch_of(1, key, value, headers)


def batch_of(
    records: int, key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes]]
) -> int:
    """Bytes of a batch of so many equal records."""
    builder = DefaultRecordBatchBuilder(2, 0, True, 1, 1, 0, 1_000_000)  # noqa: FBT003 its order
    for number in range(records):
        builder.append(number, T0, key, value, headers)
    return int(builder.size())
