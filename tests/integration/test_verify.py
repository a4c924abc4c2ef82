"""``faust -A app verify``: a right run is found right, whatever it went through."""

import asyncio
import json
import time

from aiokafka import TopicPartition

from app.audit.rules import Choice
from app.audit.views import Views
from app.settings import load_settings
from tests.integration.auditing import audited, finish, until_at_rest
from tests.integration.conftest import MakeCluster
from tests.integration.feeder import Feeder
from tests.integration.harness import Cluster, Event
from tests.integration.logs import truncate
from tests.integration.shop import START_MS, Shop
from tests.integration.tampering import Damage, more
from tests.nasty import corpus


def test_a_right_run_is_found_right(finished: Cluster) -> None:
    """Every line agrees, and no line is empty but the one of purchases that wait."""
    result = audited(finished)
    assert [] == result.examples
    assert (0, []) == (result.differences, result.notes)
    assert {"table join-state: clicks"} >= {line.stage for line in result.lines if not line.found}


def test_a_choice_is_compared_by_itself(finished: Cluster) -> None:
    """One user's records, or a share of all users: fewer numbers, all right, no ledgers."""
    everything = audited(finished)
    for choice in (Choice(users=("user-7",)), Choice(share=0.3)):
        result = audited(finished, None, choice)
        assert (0, True) == (result.differences, 0 < result.numbers < everything.numbers)
        assert "ledgers" not in {line.stage for line in result.lines}


def test_it_is_right_at_any_moment_of_a_run(make_cluster: MakeCluster) -> None:
    """Under load, with two workers and other settings; at the end the views are asked, too."""
    cluster = make_cluster(ATTRIBUTION="last", LATE_POLICY="discard")
    for _ in range(2):
        cluster.worker()
    with Feeder(cluster, Shop(22, cluster.partitions)):
        for _ in range(4):
            assert [] == audited(cluster).examples
    assert until_at_rest(cluster).clicks > 0
    views = Views(f"http://127.0.0.1:{cluster.workers[0].port}", 20, load_settings())
    [told] = [line for line in audited(cluster, views=views).lines if "view" in line.stage]
    assert (True, 0) == (told.found > 0, told.differences)


def test_it_is_right_when_partitions_were_idle(make_cluster: MakeCluster) -> None:
    """Windows closed by idleness, then clicks and purchases from before that: late, and right."""
    quick = {"IDLE_TIMEOUT": "1s", "WATERMARK_INTERVAL": "100ms", "JOIN_WITHIN": "10s"}
    cluster = make_cluster(**quick, WINDOW_SIZE="2s", GRACE="1s")
    cluster.worker().until_ready()
    first, old = Shop(23, cluster.partitions), Shop(24, cluster.partitions)
    cluster.produce(first.events(400))
    time.sleep(3.5)
    cluster.produce(old.events(200))
    assert [] == audited(cluster).examples
    cluster.produce([*first.events(100), *first.last()])
    time.sleep(2.5)
    cluster.stop()
    result = audited(cluster)
    assert (0, []) == (result.differences, result.examples)


#: Bytes that an input topic takes.
TOPIC_BYTES = 1_000_000
NASTY_ORDERS = (
    b'{"userId":"u\\u0000\\u00e9","productId":7,"timestamp":%d,"a":1.10,"b":1e400,"c":{"x":1,"x":2}}',
    b'{"userId":"u","productId":"\\ud83d\\ude00","timestamp":%d,"":null,"n":123456789012345678901}',
    b'{"userId":-0,"productId":"p","timestamp":%d,"order":{"order":[]},"userId":"w","z":"\\/"}',
)


def test_nasty_records_are_no_false_alarm(make_cluster: MakeCluster) -> None:
    """The whole corpus as clicks and as purchases, and orders that are written in odd ways."""
    cluster = make_cluster(FUTURE_SKEW="3650d")
    orders = [value % (START_MS + n) for value in NASTY_ORDERS for n in range(3)]
    values = [nasty.value for nasty in corpus() if len(nasty.value or b"") < TOPIC_BYTES] + orders
    cluster.produce(
        Event(topic, n % 4, value, b"k")  # type: ignore[arg-type]  # none is a value, too
        for topic in ("clicks", "purchases")
        for n, value in enumerate(values)
    )
    cluster.worker()
    result = until_at_rest(cluster)
    assert result.numbers > len(values)


def test_what_retention_deleted_is_not_compared_and_no_false_alarm(
    make_cluster: MakeCluster,
) -> None:
    """Every topic loses its first records; what is left is still compared, and damage found."""
    cluster = make_cluster()
    finish(cluster, Shop(25, cluster.partitions), 2_000)
    whole = audited(cluster)
    for topic in ("clicks", "purchases", "enriched-clicks", "purchases-by-user", "click-counts"):
        at = [TopicPartition(cluster.topic(topic), p) for p in range(cluster.partitions)]
        for tp in at[1:]:
            asyncio.run(truncate(cluster.bootstrap, tp, 30))
    result = audited(cluster)
    assert ([], True) == (result.examples, bool(result.notes))
    assert whole.numbers // 2 < result.numbers < whole.numbers
    damage = Damage(
        "a count too high",
        "click-counts",
        more("clickCount"),
        "click-counts",
        fits=lambda record: record.partition == 0,
    )
    assert audited(cluster, damage).differences


def test_the_command_ends_with_its_verdict(finished: Cluster) -> None:
    """Exit code 0 and a table; 1, with JSON, once a count was sent that nobody clicked for."""
    right = finished.command("verify")
    assert (0, True) == (right.returncode, "numbers are right" in right.stdout), right.stderr
    record = finished.read("click-counts")["click-counts"][0]
    finished.produce([Event("click-counts", record.partition, record.value, record.key)])
    wrong = finished.command("verify", "--json")
    found = json.loads(wrong.stdout)
    rows = {row["stage"]: row["duplicated"] for row in found["rows"]}
    assert (1, False, 1) == (wrong.returncode, found["ok"], rows["click-counts"])
    assert any("more than once" in text for text in found["examples"])
    assert 1 == finished.command("verify", "--sample", "0%").returncode
