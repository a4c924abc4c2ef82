"""How the cluster is: any worker says, for all; and a stream tells of it every second."""

import http.client
import json
import signal
import time
from collections.abc import Iterator
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

from dev.kafka import Broker, LocalKafka
from tests.integration.harness import Cluster, Event, Worker, until
from tests.integration.settling import settled
from tests.integration.shop import Shop


def get(worker: Worker, path: str) -> tuple[int, Any]:
    """A worker's answer: status and JSON."""
    connection = http.client.HTTPConnection("127.0.0.1", worker.port, timeout=30)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def events(worker: Worker, count: int) -> list[Any]:
    """The first events of the stream."""
    connection = http.client.HTTPConnection("127.0.0.1", worker.port, timeout=30)
    found: list[Any] = []
    try:
        connection.request("GET", "/events")
        answer = connection.getresponse()
        assert "text/event-stream" == answer.headers.get_content_type()
        while len(found) < count:
            line = answer.readline()
            if line.startswith(b"data: "):
                found.append(json.loads(line[6:]))
    finally:
        connection.close()
    return found


@pytest.fixture(scope="module")
def shop(kafka: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Two workers that have read a shop's traffic, with one record that is none."""
    cluster = Cluster(kafka.bootstrap, tmp_path_factory.mktemp("status"))
    cluster.init_topics()
    workers = [cluster.worker(), cluster.worker()]
    try:
        traffic = Shop(5, cluster.partitions)
        cluster.produce([*traffic.events(2_000), Event("clicks", 0, b"no JSON"), *traffic.last()])
        for worker in workers:
            worker.until_ready()
        settled(cluster)
        yield cluster
    finally:
        cluster.kill()


def at_rest(worker: Worker) -> Any:
    """The cluster's status once nothing is left to read."""
    until(lambda: get(worker, "/status")[1]["lag"] == 0, "all records to be read")
    return get(worker, "/status")[1]


def test_every_worker_tells_the_same_of_all(shop: Cluster) -> None:
    """Totals are those of the ledger, and of the topics."""
    first, second = (at_rest(worker) for worker in shop.workers)
    ledger = json.loads(shop.command("ledger", "--json").stdout)
    read = {stage["stage"]: stage["total"]["read"] for stage in ledger["stages"]}
    topics = shop.read("dead-letters", "click-counts", "conversion-events")
    for status in (first, second):
        assert "working" == status["state"]
        assert [] == status["problems"] + status["missing"]
        assert 4 * shop.partitions == len(status["stages"])
        totals = status["totals"]
        assert (read["enrichment"], read["admission"]) == (totals["clicks"], totals["purchases"])
        assert len(topics["dead-letters"]) == totals["deadLetters"]
        assert len(topics["click-counts"]) == totals["windowsClosed"]
        assert len(topics["conversion-events"]) == totals["conversions"]
        assert status["balanced"]
    assert first["stages"] != []
    assert first["windows"] == second["windows"]
    assert first["timeToPurchase"] == second["timeToPurchase"]
    assert [w["url"] for w in first["workers"]] == [w["url"] for w in second["workers"]]


def test_windows_tell_how_many_clicks_of_how_many_users(shop: Cluster) -> None:
    """The closed ones as the final counts in the topic."""
    finals = [json.loads(r.value) for r in shop.read("click-counts")["click-counts"]]
    closed = [w for w in at_rest(shop.workers[0])["windows"] if w["state"] == "closed"]
    assert closed
    for window in closed:
        counts = [f["clickCount"] for f in finals if f["windowStart"] == window["windowStart"]]
        assert (sum(counts), len(counts)) == (window["clicks"], window["users"])


def test_examples_tell_of_dead_letters_and_conversions(shop: Cluster) -> None:
    """The latest of all workers."""
    status = at_rest(shop.workers[1])
    assert "not_json" in {letter["code"] for letter in status["deadLetters"]}
    ids = {json.loads(r.value)["id"] for r in shop.read("conversion-events")["conversion-events"]}
    assert {c["id"] for c in status["conversions"]} <= ids
    assert status["totals"]["conversions"] == sum(status["timeToPurchase"]["counts"])


def test_a_stream_tells_how_the_cluster_is_every_second(shop: Cluster) -> None:
    """One event after the other, each as /status."""
    began = time.monotonic()
    first, second, third = events(shop.workers[0], 3)
    assert 1.5 < time.monotonic() - began < 10
    assert first["at"] < second["at"] < third["at"]
    assert first.keys() == get(shop.workers[0], "/status")[1].keys()


def test_a_scope_that_is_none_is_refused(shop: Cluster) -> None:
    """With the rule, the value and the remedy."""
    status, body = get(shop.workers[0], "/status?scope=world")
    assert (HTTPStatus.BAD_REQUEST, True) == (status, "'world'" in body["error"])


def test_workers_that_are_done_are_healthy_and_ready(shop: Cluster) -> None:
    """Both say ok."""
    at_rest(shop.workers[0])
    for worker in shop.workers:
        assert (HTTPStatus.OK, "ok") == (
            get(worker, "/health")[0],
            get(worker, "/health")[1]["status"],
        )
        until(partial(answers, worker, "/ready", HTTPStatus.OK), "a ready worker")


def unreachable(worker: Worker) -> list[str]:
    """The workers that do not answer."""
    workers = get(worker, "/status")[1]["workers"]
    return [each["url"] for each in workers if each["state"] == "unreachable"]


def test_a_worker_that_does_not_answer_is_told_of(shop: Cluster) -> None:
    """Its partitions are missing until the group has given them to the other."""
    first, second = shop.workers
    at_rest(first)
    second.signal(signal.SIGSTOP)
    try:
        until(lambda: unreachable(first) == [f"http://127.0.0.1:{second.port}"], "it to be missed")
        until(lambda: get(first, "/status")[1]["missing"] == [], "the other to take over")
        status = at_rest(first)
        assert {f"http://127.0.0.1:{first.port}"} == {s["worker"] for s in status["stages"]}
    finally:
        second.signal(signal.SIGCONT)


def test_a_worker_without_kafka_is_alive_and_not_ready(tmp_path: Path) -> None:
    """To start it anew would not help: it says what would, and goes on by itself."""
    with LocalKafka(tmp_path / "kafka") as kafka:
        cluster = Cluster(kafka.bootstrap, tmp_path)
        cluster.init_topics()
        worker = cluster.worker()
        try:
            until(lambda: answers(worker, "/ready", HTTPStatus.OK), "a ready worker")
            kafka.kill()
            until(lambda: answers(worker, "/ready", HTTPStatus.SERVICE_UNAVAILABLE), "a late one")
            until(lambda: "waiting" == get(worker, "/ready")[1]["status"], "Kafka to be missed")
            until(lambda: "Kafka does not answer" in _problem(worker), "it to be told")
            assert HTTPStatus.OK == get(worker, "/health")[0]
            kafka.start()
            until(lambda: answers(worker, "/ready", HTTPStatus.OK), "it to be ready again")
        finally:
            cluster.kill()


def _problem(worker: Worker) -> str:
    """The first problem that a worker's health tells of, if there is any."""
    return next(iter(get(worker, "/health")[1]["problems"]), "")


def answers(worker: Worker, path: str, status: HTTPStatus) -> bool:
    """Whether the worker answers with this status; not when it does not listen yet."""
    try:
        return status == get(worker, path)[0]
    except ConnectionError:
        return False
