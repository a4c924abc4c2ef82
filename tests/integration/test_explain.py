"""Laws of explain on a real Kafka: it finds the records that a recount of the inputs finds."""

import json
from collections.abc import Iterable
from typing import Any

from tests.integration.conftest import MakeCluster
from tests.integration.harness import Cluster, Event
from tests.integration.recount import Outcome
from tests.integration.settling import settled
from tests.integration.shop import Shop


def _explain(cluster: Cluster, *what: str) -> str:
    done = cluster.command("explain", *what)
    assert (0, "") == (done.returncode, done.stderr), done.stdout
    return " ".join(done.stdout.split())


def _values(expected: Outcome, topic: str) -> Iterable[Any]:
    return (json.loads(text) for text in sorted(expected[topic]))


def test_explain_finds_what_a_recount_finds(make_cluster: MakeCluster) -> None:
    """A count, its late click, conversions, an unattributed purchase and a dead letter."""
    cluster = make_cluster()
    shop = Shop(41, cluster.partitions)
    cluster.produce([*shop.events(3_000), *shop.last()])
    cluster.worker()
    expected, _ = settled(cluster)
    user, count, start, _ = max(_values(expected, "click-counts"), key=lambda value: value[1])
    said = _explain(cluster, "count", user, start)
    assert f"Counted ({count})" in said
    assert f"says {count}: right." in said

    _, by, start, source = next(v for v in _values(expected, "late-events") if v[0] == "count")
    assert f"late by {by} s for [{start}" in _explain(cluster, "record", source).replace(" , ", "")

    click, purchase, *_ = next(iter(_values(expected, "conversion-events")))
    assert "emitted once: right." in _explain(cluster, "conversion", f"{click}/{purchase}")
    alone = next(iter(_values(expected, "unattributed-purchases")))[0]
    assert "unattributed" in _explain(cluster, "record", alone)
    assert "0 <= time to purchase" in _explain(cluster, "conversion", f"{click}/{alone}")
    dead = next(iter(sorted(expected["dead-letters"])))
    assert "It is a dead letter" in _explain(cluster, "record", dead)

    _plant(cluster, user, count + 1, start)


def _plant(cluster: Cluster, user: str, count: int, start: str) -> None:
    """A second count of a window, put there by somebody else, is told."""
    value = {"userId": user, "clickCount": count, "windowStart": start}
    key = user.encode()
    read = cluster.read("click-counts")["click-counts"]
    partition = next(record.partition for record in read if record.key == key)
    cluster.produce([Event("click-counts", partition, json.dumps(value).encode(), key)])
    done = cluster.command("explain", "count", user, start)
    assert 1 == done.returncode
    assert "WRONG" in done.stdout
