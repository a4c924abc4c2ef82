"""Laws of the doctor's checks: what is wrong is wrong, what is odd is odd, each with a remedy."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from app.doctor import flow_checks, kafka_checks, machine_checks
from app.doctor.facts import (
    Answer,
    Brokers,
    Clock,
    Disk,
    Group,
    OpenTransaction,
    Package,
    Reading,
    Topic,
    Transactions,
)
from app.doctor.findings import Finding, Level, duration, odd, size, well, worst, wrong
from app.doctor.packages import packages
from app.settings import Settings

WELL, ODD, WRONG = Level.WELL, Level.ODD, Level.WRONG
APIS = dict.fromkeys(range(93), 1)
BROKERS = Brokers("kafka:9092", None, 3, APIS, {})
TOPIC = Topic("clicks", 4, 3, 3, 0, {"min.insync.replicas": "2"})
READING = Reading("enrichment", "clicks", 0, 10, 5, 12)
DISK = Disk("data", None, 100 << 30, 1 << 30, locked=False)


def levels(findings: Iterable[Finding]) -> list[Level]:
    """The levels; whatever is not well says what to do."""
    found = list(findings)
    assert all(bool(f.remedy) == (f.level is not WELL) for f in found)
    return [f.level for f in found]


def settings(**more: str) -> Settings:
    """The settings, some given by name without their prefix."""
    return Settings(**{f"CLICKSTREAM_{name}": value for name, value in more.items()})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("brokers", "expected"),
    [
        (BROKERS, [WELL]),
        (Brokers("kafka:9092", "refused"), [WRONG]),
        (replace(BROKERS, apis={22: 1}), [WRONG]),
        (replace(BROKERS, config={"transaction.max.timeout.ms": "1000"}), [WELL, WRONG]),
    ],
)
def test_a_broker_must_answer_and_know_transactions(
    brokers: Brokers, expected: list[Level]
) -> None:
    """One that is down, too old, or allows only short transactions is wrong."""
    assert expected == levels(kafka_checks.of_brokers(brokers))


def test_the_version_is_told_by_what_came_with_it() -> None:
    """An API that came with 4.0 means 4.0 at least."""
    [finding] = kafka_checks.of_brokers(replace(BROKERS, apis=dict.fromkeys(range(84), 1)))
    assert finding.text.startswith("Kafka 4.0 or later")


@pytest.mark.parametrize(
    ("tried", "expected"),
    [
        (None, []),
        (Transactions(0.1, None, (Clock(1, 5.0, 2.0),)), [WELL, WELL]),
        (Transactions(0.1, None, (Clock(1, -9_000.0, 2.0),)), [WELL, ODD]),
        (Transactions(0.1, None, (Clock(1, 9_000.0, 8_000.0),)), [WELL, WELL]),
        (Transactions(9.0), [ODD]),
        (Transactions(20.0, "not done"), [WRONG]),
    ],
)
def test_transactions_must_work_and_clocks_agree(
    tried: Transactions | None, expected: list[Level]
) -> None:
    """Clocks are apart only beyond what the measurement can be wrong by."""
    assert expected == levels(kafka_checks.of_transactions(tried))


def test_a_transaction_that_hangs_is_told() -> None:
    """With its partition; none is well."""
    hanging = [OpenTransaction("clicks", 1, 7)]
    assert [ODD] == levels(kafka_checks.of_open(hanging, 2.0))
    assert [WELL] == levels(kafka_checks.of_open([], 2.0))


@pytest.mark.parametrize(
    ("topic", "expected"),
    [
        (TOPIC, []),
        (replace(TOPIC, leaderless=1), [WRONG]),
        (replace(TOPIC, in_sync=1), [WRONG]),
        (replace(TOPIC, in_sync=2), [ODD]),
        (replace(TOPIC, replicas=2, in_sync=2), [ODD]),
        (replace(TOPIC, config={}), [ODD]),
        (replace(TOPIC, replicas=1, in_sync=1, config={}), [ODD]),
    ],
)
def test_replicas_must_outlive_a_broker(topic: Topic, expected: list[Level]) -> None:
    """And be written: no leader or too few in sync is wrong, one copy or none to spare is odd."""
    found = kafka_checks.of_topics(settings(), 3, (), [topic])
    assert [WELL, *expected] == levels(found)


def test_what_a_worker_would_refuse_is_wrong_with_its_remedy() -> None:
    """The sentence of the check at start is split into what is and what to do."""
    fault = "Topic a must exist; there is none. Run: faust -A app init-topics"
    [finding] = kafka_checks.of_topics(settings(), 1, (fault,), [])
    assert wrong("topics", "Topic a must exist; there is none.", fault[35:]) == finding


@pytest.mark.parametrize(
    ("group", "position", "tables", "expected"),
    [
        (Group("g", "Stable", 2), 10, 4, [WELL]),
        (Group("g", "CompletingRebalance", 2), 10, 4, [ODD]),
        (Group("g", "Empty", 0), 10, 4, [ODD, ODD]),
        (Group("g", "Dead", 0), None, 0, [ODD]),
        (Group("g", "Empty", 0), None, 4, [ODD, WRONG]),
    ],
)
def test_offsets_that_expired_or_can_are_told(
    group: Group, position: int | None, tables: int, expected: list[Level]
) -> None:
    """Tables with rows and a group without offsets: everything would be counted once more."""
    readings = [replace(READING, position=position)]
    found = flow_checks.of_group(settings(), group, readings, tables, {})
    assert expected == levels(found)


def test_standbys_need_workers() -> None:
    """As many workers as copies leave nobody for one."""
    group = Group("g", "Stable", 1)
    found = flow_checks.of_group(settings(STANDBY_REPLICAS="1"), group, [READING], 4, {})
    assert [WELL, ODD] == levels(found)


def test_lag_is_what_is_left_and_loss_is_wrong() -> None:
    """Of 12 with 10 read, 2; deleted before they were read, records are lost."""
    [told] = flow_checks.of_readings([READING])
    assert "enrichment lags 2 records, 2 of them in clicks-0." == told.text
    lost = replace(READING, position=3)
    assert (2, 7) == (lost.lost, lost.lag)
    assert [WRONG, WELL] == levels(flow_checks.of_readings([lost]))
    assert [ODD, WELL] == levels(flow_checks.of_readings([replace(READING, aging=True)]))


@pytest.mark.parametrize(
    ("disk", "expected"),
    [
        (DISK, WELL),
        (replace(DISK, fault="no"), WRONG),
        (replace(DISK, free=1 << 20), WRONG),
        (replace(DISK, free=1 << 30), ODD),
        (replace(DISK, used=200 << 30), ODD),
    ],
)
def test_a_disk_needs_room_to_write_the_stores_anew(disk: Disk, expected: Level) -> None:
    """Compaction takes as much as there is."""
    assert [expected] == levels(machine_checks.of_disk(disk))


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer("http://w", False, None, "refused"), WELL),  # noqa: FBT003 asked or not
        (Answer("http://w", True, None, "refused"), WRONG),  # noqa: FBT003 asked or not
        (Answer("http://w", True, 200, ours=True), WELL),  # noqa: FBT003 asked or not
        (Answer("http://w", True, 200, problems=("slow",), ours=True), ODD),  # noqa: FBT003 asked or not
        (Answer("http://w", True, 503, problems=("stuck",), ours=True), WRONG),  # noqa: FBT003 asked or not
        (Answer("http://w", False, 200), ODD),  # noqa: FBT003 asked or not
    ],
)
def test_a_worker_that_was_named_must_answer(answer: Answer, expected: Level) -> None:
    """A port where nobody listens is free, unless it was named."""
    assert [expected] == levels(machine_checks.of_answers([answer]))


def test_packages_are_held_against_what_they_must_be() -> None:
    """Those installed here fit; another version or none is wrong."""
    assert [WELL] == levels(machine_checks.of_packages(packages()))
    strange = [Package("a", "==1", "2", fits=False), Package("b", "==1", None, fits=False)]
    assert [WRONG, WRONG] == levels(machine_checks.of_packages(strange))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GRACE", "0"),
        ("RETENTION", "1m"),
        ("IDLE_TIMEOUT", "1s"),
        ("FUTURE_SKEW", "30d"),
        ("WEB_BIND", "0.0.0.0"),  # noqa: S104 only looked at
    ],
)
def test_settings_that_are_rarely_meant_are_odd(name: str, value: str) -> None:
    """The defaults are not."""
    assert [WELL] == levels(machine_checks.of_settings(settings()))
    assert [ODD] == levels(machine_checks.of_settings(settings(**{name: value})))


def test_the_worst_decides() -> None:
    """Odd alone is not wrong."""
    assert ODD == worst([well("a", "b"), odd("a", "b", "c")])
    assert WRONG == worst([wrong("a", "b", "c"), odd("a", "b", "c")])
    assert WELL == worst([])


def test_lengths_and_sizes_read_well() -> None:
    """In the largest unit of which there is more than one."""
    assert ["500 ms", "119 seconds", "2 minutes"] == [duration(n) for n in (500, 119_000, 120_000)]
    assert ["1,023 B", "1 KiB", "5 GiB"] == [size(n) for n in (1023, 1024, 5 << 30)]
