"""The example of a read model has what the topics have, whatever is done to it."""

import asyncio
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import pytest
from aiokafka import TopicPartition

from dev.kafka.jars import ROOT
from dev.kafka.ports import free_port
from examples.read_model.model import Model
from examples.read_model.queries import QUERIES
from examples.read_model.rows import TABLES
from models.stage import Output
from models.timestamps import iso, to_ms
from tests.integration.conftest import MakeCluster
from tests.integration.harness import Cluster, values
from tests.integration.logs import send_and_leave_open, truncate, writer_of

_SECONDS = 120


def command(cluster: Cluster, *arguments: str) -> list[str]:
    """The command line of the read model, on a cluster's topics."""
    at = ("--broker", cluster.bootstrap, "--prefix", cluster.prefix)
    return [sys.executable, "-m", "examples.read_model", *at, *arguments]


def run(cluster: Cluster, *arguments: str, code: int = 0) -> str:
    """Run it to its end; what it says."""
    done = subprocess.run(
        command(cluster, *arguments),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=_SECONDS,
    )
    assert code == done.returncode, done.stdout + done.stderr
    return done.stdout + done.stderr


def in_topics(cluster: Cluster) -> dict[str, Counter[Any]]:
    """What the topics say, by table."""
    read = {topic: values(records) for topic, records in cluster.read(*TABLES).items()}
    return {
        "counts": Counter(
            (one["userId"], one["windowStart"], one["clickCount"]) for one in read["click-counts"]
        ),
        "conversions": Counter(
            (one["id"], one["timeToPurchase"]) for one in read["conversion-events"]
        ),
        "unattributed": Counter(
            (one["purchase"], one["productId"]) for one in read["unattributed-purchases"]
        ),
    }


def in_model(file: Path) -> dict[str, Counter[Any]]:
    """What the model says."""
    model = Model(file)
    counts = model.rows("SELECT user_id, epoch_ms(window_start), click_count FROM counts")
    return {
        "counts": Counter((user, iso(start_ms), count) for user, start_ms, count in counts),
        "conversions": Counter(model.rows("SELECT id, time_to_purchase FROM conversions")),
        "unattributed": Counter(model.rows("SELECT purchase, product_id FROM unattributed")),
    }


def kill_in_the_middle(cluster: Cluster, file: Path) -> int:
    """Follow in small transactions, and kill -9 after the third; how many rows there are."""
    with subprocess.Popen(
        command(cluster, str(file), "--batch", "20"), cwd=ROOT, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        for _ in range(3):
            assert b"records" in process.stdout.readline()
        process.kill()
    return sum(len(table) for table in in_model(file).values())


def test_killed_in_the_middle_it_goes_on_and_has_every_record_once(
    finished: Cluster, tmp_path: Path
) -> None:
    """Kill -9 twice; then all that the topics have; rebuilt, and read again, the same."""
    file, expected = tmp_path / "model.duckdb", in_topics(finished)
    assert all(expected.values())
    first = kill_in_the_middle(finished, file)
    second = kill_in_the_middle(finished, file)
    assert 0 < first < second < sum(len(table) for table in expected.values())
    run(finished, str(file), "--once")
    assert expected == in_model(file)
    run(finished, str(file), "--once")
    assert expected == in_model(file)
    with duckdb.connect(str(file)) as database:
        database.execute("DELETE FROM counts")
    run(finished, str(file), "--rebuild")
    assert expected == in_model(file)
    assert ["model.duckdb"] == [path.name for path in tmp_path.iterdir()]


async def write(cluster: Cluster, file: Path, clicks: int) -> None:
    """Give a user's count again and again, each time when the one before is in the model.

    Each in a transaction, after one that is aborted: its writer is fenced.
    """
    topic = cluster.topic("click-counts")
    for revision in range(clicks):
        value = {"userId": "u", "clickCount": 1 + revision, "windowEnd": iso(300_000)}
        value |= {"windowStart": iso(0)} | ({"revision": revision} if revision else {})
        output = Output(b"u", json.dumps(value).encode())
        async with writer_of(cluster.bootstrap, topic) as writer:
            await send_and_leave_open(writer, TopicPartition(topic, 0), b"u")
            async with writer_of(cluster.bootstrap, topic) as following:
                await following.commit({(topic, 0): [output]}, {})
        expected = {("u", iso(0), 1 + revision): 1}
        while expected != in_model(file)["counts"]:  # noqa: ASYNC110 the file tells nobody
            await asyncio.sleep(0.1)


def test_it_follows_a_topic_from_transaction_to_transaction(
    make_cluster: MakeCluster, tmp_path: Path
) -> None:
    """Their ends are no records, but places in the log; and a revised count comes again."""
    cluster, file = make_cluster(), tmp_path / "model.duckdb"
    with subprocess.Popen(command(cluster, str(file)), cwd=ROOT, stdout=subprocess.PIPE) as process:
        asyncio.run(asyncio.wait_for(write(cluster, file, 4), _SECONDS))
        assert None is process.poll()
        process.kill()
    run(cluster, str(file), "--once")
    asyncio.run(truncate(cluster.bootstrap, TopicPartition(cluster.topic("click-counts"), 0), -1))
    run(cluster, str(file), "--once")
    assert {("u", iso(0), 4): 1} == in_model(file)["counts"]


@pytest.fixture(scope="module")
def model(finished: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of all there is."""
    file = tmp_path_factory.mktemp("model") / "model.duckdb"
    run(finished, str(file), "--once")
    return file


def test_conversion_rates_are_those_of_the_topics(finished: Cluster, model: Path) -> None:
    """Of a product's purchases, each counted once, however many clicks led to it."""
    read = {topic: values(records) for topic, records in finished.read(*TABLES).items()}
    after = {one["purchase"]: one["productId"] for one in read["conversion-events"]}
    without = {one["purchase"]: one["productId"] for one in read["unattributed-purchases"]}
    bought = Counter((after | without).values())
    led = Counter(after.values())
    expected = sorted(bought.items(), key=lambda item: (-item[1], item[0]))[:10]
    found = Model(model).rows(QUERIES["conversion-rate"])
    assert [(product, count, led[product]) for product, count in expected] == [r[:3] for r in found]
    rates = [led[product] / count for product, count in expected]
    assert pytest.approx(rates, abs=0.001) == [row[3] for row in found]


def test_the_top_users_of_the_last_hour_are_those_of_the_topics(
    finished: Cluster, model: Path
) -> None:
    """By clicks, then by name."""
    counts = values(finished.read("click-counts")["click-counts"])
    from_ms = max(to_ms(one["windowEnd"]) for one in counts) - 3_600_000
    clicks: Counter[str] = Counter()
    for one in counts:
        if to_ms(one["windowStart"]) >= from_ms:
            clicks[one["userId"]] += one["clickCount"]
    expected = sorted(clicks.items(), key=lambda item: (-item[1], item[0]))[:10]
    assert expected == Model(model).rows(QUERIES["top-users"])
    assert expected[0][0] in run(finished, str(model), "--query", "top-users")


def test_a_position_that_is_none_of_its_log_is_an_error_with_a_remedy(
    finished: Cluster, tmp_path: Path
) -> None:
    """Of a topic that is shorter than what was read; and, last, of records that are gone."""
    file = tmp_path / "model.duckdb"
    run(finished, str(file), "--once")
    with duckdb.connect(str(file)) as database:
        database.execute("UPDATE positions SET next_offset = 1000000 WHERE partition = 1")
    assert "Begin again with what is there: --rebuild." in run(finished, str(file), code=1)
    with duckdb.connect(str(file)) as database:
        database.execute("UPDATE positions SET next_offset = 0")
    asyncio.run(truncate(finished.bootstrap, TopicPartition(finished.topic("click-counts"), 0), 5))
    said = run(finished, str(file), code=1)
    assert "Retention took it" in said
    assert "Traceback" not in said


def test_without_kafka_or_topics_it_says_so(finished: Cluster, tmp_path: Path) -> None:
    """In a sentence."""
    file = str(tmp_path / "model.duckdb")
    nowhere = f"127.0.0.1:{free_port()}"
    assert "Kafka must answer at" in run(finished, file, "--broker", nowhere, code=1)
    assert "outputs must be there; no-click-counts is" in run(
        finished, file, "--prefix", "no-", code=1
    )
    none = str(tmp_path / "none.duckdb")
    assert "is none. Read first." in run(finished, none, "--query", "top-users", code=1)
