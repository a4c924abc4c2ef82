"""What a worker tells of itself while it works: metrics that add up, and a log in JSON."""

import json
from collections import Counter
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.integration.auditing import until_at_rest
from tests.integration.conftest import MakeCluster
from tests.integration.harness import Cluster, Worker, until
from tests.integration.settling import settled
from tests.integration.shop import Shop
from tests.integration.web import ask

EVENTS = 600


@pytest.fixture
def shop(make_cluster: MakeCluster) -> tuple[Cluster, Worker]:
    """A cluster at rest, whose one worker has read all events of a shop."""
    cluster = make_cluster()
    goods = Shop(5, cluster.partitions)
    cluster.produce([*goods.events(EVENTS), *goods.last()])
    worker = cluster.worker()
    settled(cluster)
    return cluster, worker


def samples(worker: Worker) -> list[tuple[str, dict[str, str], float]]:
    """What a scrape finds: name without our prefix, labels, value."""
    answer = ask(worker, "metrics")
    assert "text/plain" == answer.content_type
    families = text_string_to_metric_families(answer.body.decode())
    found = [sample for family in families for sample in family.samples]
    return [(s.name.removeprefix("clickstream_"), s.labels, s.value) for s in found]


def sums(found: list[tuple[str, dict[str, str], float]], name: str, label: str) -> Counter[str]:
    """Sums of a metric by one of its labels."""
    total: Counter[str] = Counter()
    for sample, labels, value in found:
        if sample == name:
            total[labels[label]] += int(value)
    return total


def test_metrics_and_log_agree_with_what_the_worker_did(shop: tuple[Cluster, Worker]) -> None:
    """Every record is in the metrics once, as in the ledger; each line of the log is JSON."""
    cluster, worker = shop
    until_at_rest(cluster)
    until(lambda: not +sums(samples(worker), "lag_records", "stage"), "all to be read")
    found = samples(worker)
    books = {s["stage"]: s["total"] for s in ask(worker, "ledger").json["stages"]}
    became = sums(found, "records_total", "stage")
    assert {name: total["read"] for name, total in books.items()} == became
    assert EVENTS + 2 * cluster.partitions == became["enrichment"] + became["admission"]
    dead = sums(found, "dead_letters_total", "code")
    assert dead.total() == sum(s["became"].get("deadLetters", 0) for s in books.values()) > 0
    assert 1 == min(value for name, _, value in found if name == "ledger_balanced")
    latency = sums(found, "end_to_end_latency_seconds_count", "stage")
    assert latency["counting"] > 0 < latency["joining"]
    worker.stop()
    lines = [json.loads(line) for line in worker.log.read_text().splitlines()]
    _check_log(lines, cluster)


def _check_log(lines: list[dict[str, Any]], cluster: Cluster) -> None:
    events = [line["event"] for line in lines]
    wanted = ["Worker starting", "Partitions taken over", "Worker ready", "Worker stopping"]
    assert wanted == [event for event in events if event in wanted]
    assert cluster.settings["APP_ID"] == lines[0]["app_id"]
    assert "Some records were late or refused" in events
    assert "user-" not in json.dumps(lines)
    assert all({"timestamp", "level", "logger"} <= line.keys() for line in lines)
