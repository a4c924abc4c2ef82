"""What the documentation tells to type works: tests/docs has the rules."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from dev.kafka.broker import LocalKafka
from dev.kafka.jars import ROOT
from tests.docs import kafka_tools
from tests.docs.commands import Command, Kind, commands_of
from tests.docs.markdown import Page, pages
from tests.docs.runner import Reader
from tests.integration.harness import Cluster, values

_FIELD = re.compile(r"^\| `(\w+)`( \?)? \|", re.MULTILINE)
_STATIC = {Kind.MAKE, Kind.COMPOSE, Kind.SHELL}


def _runnable(page: Page) -> bool:
    return any(isinstance(c, Command) and c.kind not in _STATIC for c in commands_of(page))


@pytest.fixture(scope="module")
def own_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalKafka]:
    """A Kafka for the pages alone: topics are called as the pages call them."""
    with LocalKafka(tmp_path_factory.mktemp("kafka")) as kafka:
        yield kafka


@pytest.fixture
def fresh_kafka(own_kafka: LocalKafka) -> Iterator[LocalKafka]:
    """The same for each page, with nothing in it."""
    yield own_kafka
    asyncio.run(kafka_tools.wipe(own_kafka.bootstrap))


@pytest.mark.timeout(900)
@pytest.mark.parametrize("page", [p for p in pages() if _runnable(p)], ids=lambda p: p.name)
def test_what_a_page_tells_to_type_works(
    page: Page, fresh_kafka: LocalKafka, tmp_path: Path
) -> None:
    """Its commands, in order, end well and print what the page shows."""
    with Reader(tmp_path, fresh_kafka.port) as reader:
        reader.follow(page)


def _fields(heading: str) -> dict[str, bool]:
    """Fields that the page of the messages tells of a topic, and whether each is always there."""
    text = (ROOT / "docs" / "reference" / "messages.md").read_text()
    section = text.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return {
        name: not may for name, may in re.findall(r"^\| `(\w+)`( \?)? \|", section, re.MULTILINE)
    }


@pytest.mark.parametrize(
    "topic", ["click-counts", "conversion-events", "unattributed-purchases", "late-events"]
)
def test_outputs_have_the_fields_that_the_page_tells(finished: Cluster, topic: str) -> None:
    """Those and no others, and all that are said to be always there."""
    told = _fields(topic)
    always = {name for name, is_always in told.items() if is_always}
    found = [set(value) for value in values(finished.read(topic)[topic])]
    assert found
    assert [] == [names for names in found if not always <= names <= set(told)]


@pytest.mark.parametrize("topic", ["enriched-clicks", "purchases-by-user"])
def test_inner_records_have_the_fields_that_the_page_tells(finished: Cluster, topic: str) -> None:
    """All that are said to be always there, beside those that are carried along."""
    always = {name for name, is_always in _fields(topic).items() if is_always}
    found = [set(value) for value in values(finished.read(topic)[topic])]
    assert found
    assert [] == [names for names in found if not always <= names]
