"""What all benchmarks of a run share."""

import asyncio
import os
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiokafka import TopicPartition

from app.settings import Settings
from app.topics import CLICK_COUNTS, ENRICHED_CLICKS, changelog_name, topic_name
from bench.clicks import Clicks
from bench.cores import Cores
from bench.topics import delete_topics, partitions_of


@dataclass(frozen=True, slots=True)
class Setup:
    """Where a run works.

    Attributes:
        bootstrap: ``host:port[,host:port]`` of Kafka.
        directory: Temporary directory, for stores and logs.
        cores: Who runs where.
        prefix: Before the name of every topic and group of the run.
    """

    bootstrap: str
    directory: Path
    cores: Cores
    prefix: str = field(default_factory=lambda: f"bench-{uuid.uuid4().hex[:8]}-")

    def environment(self, name: str, **more: str) -> dict[str, str]:
        """Settings of a worker of the application; all but these and more are the defaults."""
        return {f"CLICKSTREAM_{setting}": value for setting, value in more.items()} | {
            "CLICKSTREAM_BROKER": f"kafka://{self.bootstrap}",
            "CLICKSTREAM_APP_ID": name,
            "CLICKSTREAM_TOPIC_PREFIX": self.prefix,
            "CLICKSTREAM_DATA_DIR": str(self.directory / name),
        }

    def settings(self, name: str, **more: str) -> Settings:
        """The same, as the application reads them."""
        return Settings(**self.environment(name, **more))  # type: ignore[arg-type]  # parsed by pydantic


@dataclass(frozen=True, slots=True)
class CountingRun:
    """One run of the counting stage.

    Attributes:
        setup: Where it works.
        name: Its application id.
        clicks: What it counts.
        rankings: What it ranks beside the users.
    """

    setup: Setup
    name: str
    clicks: Clicks
    rankings: str = "products,pages"

    @property
    def environment(self) -> dict[str, str]:
        """The application's settings, as a worker is given them."""
        return self.setup.environment(self.name, RANKINGS=self.rankings)

    @property
    def settings(self) -> Settings:
        """The application's settings."""
        return self.setup.settings(self.name, RANKINGS=self.rankings)

    @property
    def input(self) -> list[TopicPartition]:
        """Partitions of the enriched clicks."""
        return partitions_of(topic_name(self.settings, ENRICHED_CLICKS), self.settings.partitions)

    @property
    def output(self) -> list[TopicPartition]:
        """Partitions of the counts."""
        return partitions_of(topic_name(self.settings, CLICK_COUNTS), self.settings.partitions)

    @property
    def changelog(self) -> list[TopicPartition]:
        """Partitions of the table's changelog."""
        return partitions_of(changelog_name(self.settings, CLICK_COUNTS), self.settings.partitions)


@contextmanager
def workspace(bootstrap: str, cores: Cores) -> Iterator[Setup]:
    """A place to work, empty again at the end; this process forgets the application's settings."""
    for name in [n for n in os.environ if n.startswith("CLICKSTREAM_")]:
        del os.environ[name]  # what is measured is the defaults
    with tempfile.TemporaryDirectory(prefix="clickstream-bench-") as directory:
        setup = Setup(bootstrap, Path(directory), cores)
        try:
            yield setup
        finally:
            asyncio.run(delete_topics(bootstrap, [setup.prefix]))
