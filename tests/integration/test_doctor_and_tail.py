"""Laws of the commands doctor and tail on a real Kafka."""

import asyncio
import json
import signal
import time

from aiokafka import AIOKafkaProducer, TopicPartition

from tests.integration.commanding import click, enriched, letters, said, started
from tests.integration.conftest import MakeCluster
from tests.integration.harness import Cluster, Event, until
from tests.integration.logs import truncate
from tests.integration.shop import START_MS


def test_the_doctor_finds_a_running_cluster_well(make_cluster: MakeCluster) -> None:
    """With its worker asked; it tries transactions, and nobody sees that it did."""
    cluster = make_cluster()
    worker = cluster.worker()
    worker.until_ready()
    url = f"http://127.0.0.1:{worker.port}"
    until(lambda: said_levels(cluster, url).get("group") == ["well"], "the group to be stable")
    found = said(cluster, "doctor", "--url", url)
    told = {finding["text"] for finding in found["findings"] if finding["level"] == "well"}
    assert found["ok"]
    assert any("Transactions work" in text for text in told)
    assert any("clock is" in text for text in told)
    assert f"The worker at {url} is well." in told
    assert [] == letters(cluster)
    assert 0 == cluster.command("doctor", "--read-only").returncode


def said_levels(cluster: Cluster, url: str) -> dict[str, list[str]]:
    """The levels of the doctor's findings by area."""
    done = cluster.command("doctor", "--url", url, "--read-only", "--json")
    levels: dict[str, list[str]] = {}
    for finding in json.loads(done.stdout)["findings"]:
        levels.setdefault(finding["area"], []).append(finding["level"])
    return levels


def test_the_doctor_finds_what_is_wrong(make_cluster: MakeCluster) -> None:
    """Other partitions than set, records deleted before they were read, an open transaction."""
    cluster = make_cluster()
    worker = cluster.worker()
    cluster.produce([click(0, "u", START_MS)])
    until(lambda: enriched(cluster, "u") == ["u"], "the click to pass")
    worker.stop()
    cluster.produce([click(0, "v", START_MS) for _ in range(5)])
    asyncio.run(_spoil(cluster))
    cluster.settings["PARTITIONS"] = "5"
    found = said(cluster, "doctor", "--url", "http://127.0.0.1:1", code=1)
    by_level: dict[str, list[str]] = {}
    for finding in found["findings"]:
        by_level.setdefault(finding["level"], []).append(f"{finding['area']}: {finding['text']}")
    wrong, odd = "\n".join(by_level["wrong"]), "\n".join(by_level["odd"])
    assert not found["ok"]
    assert "must have 5 partitions (CLICKSTREAM_PARTITIONS); it has 4." in wrong
    assert "3 offsets are lost" in wrong
    assert "No worker answers at http://127.0.0.1:1" in wrong
    assert f"A transaction stands open in {cluster.topic('click-counts')}-2" in odd
    assert "No worker is in the group" in odd


async def _spoil(cluster: Cluster) -> None:
    """Delete three clicks that nobody read, and leave a transaction open."""
    at = TopicPartition(cluster.topic("clicks"), 0)
    await truncate(cluster.bootstrap, at, 4)
    producer = AIOKafkaProducer(
        bootstrap_servers=cluster.bootstrap,
        transactional_id=f"{cluster.prefix}open",
        transaction_timeout_ms=600_000,
    )
    await producer.start()
    await producer.begin_transaction()
    await producer.send_and_wait(cluster.topic("click-counts"), b"open", partition=2)
    await producer.stop()  # as a kill would leave it


def test_tail_follows_from_before_the_first_record(make_cluster: MakeCluster) -> None:
    """A line each as they come, and a count when it is interrupted; a missing topic is told."""
    cluster = make_cluster()
    log = cluster.directory / "tail.log"
    tail = started(cluster, log, "tail", "dead-letters", "--from", "beginning")
    time.sleep(3.0)
    cluster.produce([Event("clicks", 0, b"{\x1b[2J"), Event("clicks", 1, b"[]")])
    cluster.worker()
    until(lambda: log.read_text().count("\n") == 2, "two lines")
    tail.send_signal(signal.SIGINT)
    assert 130 == tail.wait(30)
    said_ = log.read_text()
    assert rf"{cluster.topic('clicks')}-0-0  not_json: " in said_
    assert r"{\x1b[2J" in said_
    assert said_.endswith("2 records of dead-letters.\n")
    some = cluster.command("tail", "dead-letters", "--from", "beginning", "--limit", "1", "--json")
    assert (0, 1) == (some.returncode, some.stdout.count("\n"))
    cluster.settings["TOPIC_PREFIX"] = "missing-"
    missing = cluster.command("tail", "click-counts")
    assert (1, True) == (missing.returncode, "missing-click-counts" in missing.stderr)
