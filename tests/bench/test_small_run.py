"""A small run on a real Kafka: the stage, a peer that reads, and the whole pipeline."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.cores import Cores
from bench.report import Row
from bench.run import fill_enriched, made_up
from bench.setup import Setup
from bench.subject import Round
from bench.subjects import all_subjects
from bench.topics import delete_topics
from dev.kafka import Broker

pytestmark = pytest.mark.integration

CLICKS, USERS = 3_000, 100


@pytest.fixture(scope="module")
def round_(kafka: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Round]:
    """A round of a small run."""
    everywhere = Cores.named("all")
    setup = Setup(kafka.bootstrap, Path(tmp_path_factory.mktemp("bench")), everywhere)
    clicks = made_up(setup, CLICKS, USERS)
    asyncio.run(fill_enriched(setup, clicks))
    yield Round(setup, clicks, 0)
    asyncio.run(delete_topics(kafka.bootstrap, [setup.prefix]))


def measured(name: str, round_: Round) -> Row:
    """A subject, measured once."""
    return next(subject for subject in all_subjects() if subject.name == name).measure(round_)


@pytest.mark.parametrize("name", ["counting", "aiokafka", "pipeline"])
def test_what_is_measured_is_checked_and_has_all_its_figures(name: str, round_: Round) -> None:
    """Outputs that are incomplete or wrong would have raised."""
    row = measured(name, round_)
    assert CLICKS == row.records
    assert min(row.seconds, row.peak_bytes) > 0
    assert row.cpu_s > 0 or name == "aiokafka"  # too short for the clock of processes, maybe
