"""Clusters whose workers end with their test, whatever happens."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dev.kafka import Broker
from tests.integration.auditing import finish
from tests.integration.harness import Cluster
from tests.integration.launching import launcher
from tests.integration.shop import Shop

MakeCluster = Callable[..., Cluster]


@pytest.fixture(scope="session", autouse=True)
def forker() -> Iterator[None]:
    """What processes are forked from ends with the run."""
    yield
    if launcher.cache_info().currsize:
        launcher().close()


@pytest.fixture
def make_cluster(kafka: Broker, tmp_path: Path) -> Iterator[MakeCluster]:
    """Makes clusters on the shared Kafka, or on another one."""
    made: list[Cluster] = []

    def make(bootstrap: str = kafka.bootstrap, **settings: str) -> Cluster:
        directory = tmp_path / f"cluster-{len(made)}"
        directory.mkdir()
        cluster = Cluster(bootstrap, directory, settings)
        made.append(cluster)
        cluster.init_topics()
        return cluster

    yield make
    for cluster in made:
        cluster.kill()


@pytest.fixture(scope="module")
def finished(kafka: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster whose worker has done everything there was to do."""
    cluster = Cluster(kafka.bootstrap, tmp_path_factory.mktemp("finished"), {})
    finish(cluster, Shop(21, cluster.partitions), 2_000)
    yield cluster
    cluster.kill()
