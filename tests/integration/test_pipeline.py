"""The whole pipeline on a real Kafka equals a batch recount of its input topics."""

import pytest

from tests.integration.conftest import MakeCluster
from tests.integration.recount import differences
from tests.integration.settling import settled
from tests.integration.shop import Shop


@pytest.mark.parametrize(
    ("keyed", "workers", "by_partition"),
    [(True, 1, False), (False, 1, True), (True, 3, True), (False, 3, False)],
)
def test_outputs_are_a_function_of_the_input_topics(
    make_cluster: MakeCluster, *, keyed: bool, workers: int, by_partition: bool
) -> None:
    """Loaded evenly or one partition after the other, keyed or not, by one worker or three."""
    cluster = make_cluster()
    shop = Shop(7, cluster.partitions, keyed=keyed)
    events = [*shop.events(6_000), *shop.last()]
    if by_partition:
        events.sort(key=lambda event: event.partition)
    cluster.produce(events)
    for _ in range(workers):
        cluster.worker()
    expected, found = settled(cluster)
    assert {} == differences(expected, found)


def test_tiny_batches_while_running_give_the_same_outputs(make_cluster: MakeCluster) -> None:
    """A trickle into running workers, then an outage and the catch-up after it."""
    cluster = make_cluster(COMMIT_INTERVAL="1ms")
    shop = Shop(8, cluster.partitions)
    first = cluster.worker()
    first.until_ready()
    for _ in range(30):
        cluster.produce(shop.events(20))
    first.stop()
    cluster.produce([*shop.events(3_000), *shop.last()])
    first.start()
    expected, found = settled(cluster)
    assert {} == differences(expected, found)
