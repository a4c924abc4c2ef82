"""Laws of the ledger on a real Kafka: the books are those of the inputs, and loud when broken."""

import asyncio
import http.client
import json
from collections import Counter
from http import HTTPStatus
from typing import Any

import msgspec
from aiokafka import TopicPartition

from agents.spec import Note
from tests.integration.conftest import MakeCluster
from tests.integration.harness import Cluster, Worker
from tests.integration.logs import group_offset, writer_of
from tests.integration.recount import Outcome
from tests.integration.settling import settled
from tests.integration.shop import Shop


def _view(worker: Worker) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", worker.port, timeout=30)
    try:
        connection.request("GET", "/ledger/")
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


async def _break(cluster: Cluster) -> None:
    """Take one enriched click out of a ledger, where nobody will write it anew."""
    at = TopicPartition(cluster.topic("clicks"), 0)
    group = cluster.settings["APP_ID"]
    offset, metadata = await group_offset(cluster.bootstrap, group, at)
    note = msgspec.json.decode(metadata, type=Note)
    note.ledger.became["enriched"] -= 1
    async with writer_of(cluster.bootstrap, "breaker", group) as writer:
        await writer.commit({}, {at: (offset, msgspec.json.encode(note).decode())})


def test_the_books_equal_a_recount_and_a_broken_sum_is_loud(make_cluster: MakeCluster) -> None:
    """By command and by view: what was read, what it became; then with a click taken out."""
    cluster = make_cluster()
    shop = Shop(31, cluster.partitions)
    cluster.produce([*shop.events(3_000), *shop.last()])
    worker = cluster.worker()
    expected, _ = settled(cluster)
    done = cluster.command("ledger", "--json")
    assert (0, "") == (done.returncode, done.stderr)
    books = json.loads(done.stdout)
    assert (HTTPStatus.OK, books) == _view(worker)
    _judge(cluster, books, expected)

    asyncio.run(_break(cluster))
    broken = cluster.command("ledger")
    assert 1 == broken.returncode
    assert "enrichment-0 must account for every record that it read: it read" in broken.stderr
    status, books = _view(worker)
    assert (HTTPStatus.INTERNAL_SERVER_ERROR, False) == (status, books["balanced"])


def _judge(cluster: Cluster, books: dict[str, Any], expected: Outcome) -> None:
    inputs = cluster.read("clicks", "purchases")
    dead = Counter(source.rsplit("-", 2)[0] for source in expected["dead-letters"])
    late = Counter(json.loads(value)[0] for value in expected["late-events"].elements())
    of = {stage["stage"]: stage["total"] for stage in books["stages"]}
    assert books["balanced"]
    assert all(stage["onTheWay"] == 0 for stage in books["stages"])
    for stage, topic, passed in [
        ("enrichment", "clicks", "enriched"),
        ("admission", "purchases", "admitted"),
    ]:
        rejected = dead[cluster.topic(topic)]
        became = {passed: len(inputs[topic]) - rejected, "deadLetters": rejected}
        assert {k: n for k, n in became.items() if n} == of[stage]["became"]
    assert late["count"] == of["counting"]["became"]["late"]
    assert late["join"] == of["joining"]["became"]["late"]
    clicks = of["enrichment"]["became"]["enriched"]
    assert clicks - late["count"] == of["counting"]["became"]["counted"]
    for topic in ("click-counts", "conversion-events", "unattributed-purchases"):
        stage = "counting" if topic == "click-counts" else "joining"
        assert expected[topic].total() == of[stage]["sent"][topic]
