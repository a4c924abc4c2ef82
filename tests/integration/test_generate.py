"""Generated traffic in a real Kafka, and what the command line says of faults."""

import time
from pathlib import Path

import pytest

from dev.kafka import Broker
from tests.integration.places import ROOT, Place, fresh_place

EXCERPT = ROOT / "tests" / "data" / "access-excerpt.log"


@pytest.fixture
def place(kafka: Broker, tmp_path: Path) -> Place:
    """Fresh topics."""
    return fresh_place(kafka, tmp_path / "data")


def test_generated_traffic_arrives_as_it_is_told(place: Place) -> None:
    """The counts in the last line are those in the topics; rubbish has no key."""
    said = place.run("generate", "--clicks", 20_000, "--seed", 3, "--rubbish", 0.01)
    clicks = place.records("clicks")
    assert "20,000 clicks" in said
    assert 20_000 == sum(record.key is not None for record in clicks)
    assert 100 < sum(record.key is None for record in clicks) < 300


def test_live_traffic_is_of_now(place: Place) -> None:
    """Live messages are sent at their arrival time, at the rate asked for."""
    began_ms = time.time() * 1000
    place.run("generate", "--live", "--seconds", 3, "--rate", 100, "--late", 0, "--rubbish", 0)
    clicks = place.records("clicks")
    assert 150 < len(clicks) < 500
    assert all(began_ms - 5_000 < record.timestamp < time.time() * 1000 for record in clicks)


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["load", "/no/such/file"], "FILE must be a file that can be read"),
        (
            ["load", __file__, "--topic", "clicks", "--format", "csv", "--map", "a=b"],
            "--map names columns",
        ),
        (["generate", "--live", "--start", "2025-01-01"], "Choose one"),
        (["generate", "--start", "soon"], "--start is a time"),
    ],
)
def test_faults_are_told_in_one_line(place: Place, args: list[str], told: str) -> None:
    """One sentence and exit code 1, no traceback."""
    said = place.run(*args, code=1)
    assert told in said
    assert 1 == said.count("\n")


def test_a_missing_topic_and_a_missing_broker_are_told(place: Place) -> None:
    """The remedy is named: init-topics, or a broker."""
    nowhere = Place("", "", place.env | {"CLICKSTREAM_TOPIC_PREFIX": "no-"})
    assert "init-topics" in nowhere.run("load", EXCERPT, code=1)
    nobody = Place("", "", place.env | {"CLICKSTREAM_BROKER": "kafka://127.0.0.1:1"})
    assert "A Kafka broker must answer at" in nobody.run("load", EXCERPT, code=1)
