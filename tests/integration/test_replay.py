"""``faust -A app replay``, ``diff``, ``promote``, ``retire``: a second version beside the first."""

import fcntl
import json
import time
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from models.timestamps import iso
from tests.integration.auditing import finish
from tests.integration.commanding import now_ms
from tests.integration.conftest import MakeCluster
from tests.integration.feeder import Feeder
from tests.integration.harness import Cluster, Event, Worker, until
from tests.integration.settling import settled
from tests.integration.shop import Shop

#: How a replay says that it has caught up.
_CAUGHT_UP = "has caught up"


def differences(cluster: Cluster, one: str, other: str) -> dict[str, Any]:
    """What `diff` says in JSON."""
    done = cluster.command("diff", one, other, "--json")
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert bool(found["differences"]) == bool(done.returncode)
    return found


def replayed(cluster: Cluster, version: str, *options: str) -> None:
    """Replay to the end."""
    done = cluster.command("replay", "--as", version, *options, "--until-caught-up")
    assert (0, True) == (done.returncode, _CAUGHT_UP in done.stdout + done.stderr), done.stderr


def until_caught_up(worker: Worker) -> None:
    """Wait until a replay in the background says so."""
    until(lambda: _CAUGHT_UP in worker.log.read_text(), f"{worker.log} to catch up", 120)


def kinds(found: dict[str, Any]) -> set[tuple[str, str]]:
    """What differs, and why."""
    return {(kind["what"], kind["reason"]) for kind in found["kinds"]}


def test_a_version_follows_the_traffic_and_takes_over(make_cluster: MakeCluster) -> None:
    """Unchanged, it gives the same at any moment; then readers go over, and the first one goes."""
    cluster = make_cluster()
    first = cluster.worker()
    with Feeder(cluster, Shop(51, cluster.partitions)):
        first.until_ready()
        second = cluster.worker("replay", "--as", "v2")
        until_caught_up(second)
        found = differences(cluster, "main", "v2")
        assert [] == found["kinds"]
    assert "main" == cluster.command("versions", "--current").stdout.strip()
    done = cluster.command("promote", "v2")
    assert 0 == done.returncode, done.stderr
    named = cluster.command("versions", "--topic", "click-counts").stdout.strip()
    assert f"{cluster.prefix}v2.click-counts" == named
    with urlopen(f"http://127.0.0.1:{first.port}/versions") as answer:
        told = json.load(answer)
    assert ("v2", named) == (told["current"], told["topics"]["click-counts"])
    settled(cluster)
    found = differences(cluster, "main", "v2")
    records = {line["what"]: line["records"] for line in found["compared"]}
    assert ([], True) == (found["kinds"], all(one == other > 0 for one, other in records.values()))
    refused = cluster.command("retire", "main", "--yes")
    assert (1, True) == (refused.returncode, "of main 1 worker runs" in refused.stderr)
    cluster.stop()
    assert 0 == cluster.command("retire", "main", "--yes").returncode
    assert "nothing of main" in cluster.command("retire", "main", "--yes").stdout
    assert 1 == cluster.command("retire", "v2", "--yes").returncode
    assert cluster.read("v2.click-counts", "clicks")["v2.click-counts"]


def test_a_replay_that_is_killed_goes_on_and_what_is_planted_is_found(finished: Cluster) -> None:
    """By kill -9 in the middle, its worker too; again, and it is the same until someone writes."""
    replay = finished.worker("replay", "--as", "again")
    until(lambda: bool(_enriched(finished)), "the replay to begin")
    replay.kill()
    until(lambda: _is_free(replay.directory / "again"), "its worker to end, too")
    replayed(finished, "again")
    assert 0 == differences(finished, "main", "again")["differences"]
    record = finished.read("again.click-counts")["again.click-counts"][0]
    wrong = json.loads(record.value) | {"clickCount": 4_711}
    topic = "again.click-counts"
    finished.produce([Event(topic, record.partition, json.dumps(wrong).encode(), record.key)])
    found = differences(finished, "main", "again")
    assert {("click-counts", "unexplained"), ("click-counts", "twice")} == kinds(found)
    assert any("4711" in text for kind in found["kinds"] for text in kind["examples"])


def _is_free(directory: Path) -> bool:
    with (directory / "lock").open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def _enriched(cluster: Cluster) -> list[Any]:
    try:
        return cluster.read("again.enriched-clicks")["again.enriched-clicks"]
    except Exception:  # noqa: BLE001 there is no such topic yet
        return []


def test_other_settings_are_named_as_the_reason(finished: Cluster) -> None:
    """Other windows, graces and reach of the join; nobody promotes it unseen but by --force."""
    replayed(finished, "wide", "WINDOW_SIZE=10m", "GRACE=4m", "JOIN_WITHIN=20m")
    refused = finished.command("promote", "wide")
    reasons = ("No worker of wide runs", "diff main wide")
    assert [1, True, True] == [refused.returncode, *(why in refused.stderr for why in reasons)]
    assert 0 == finished.command("promote", "wide", "--force").returncode
    assert 0 == finished.command("promote", "main", "--force").returncode
    found = differences(finished, "main", "wide")
    assert {"WINDOW_SIZE", "GRACE", "JOIN_GRACE", "JOIN_WITHIN"} == found["settings"].keys()
    assert {("click-counts", "size"), ("conversion-events", "within")} <= kinds(found)
    assert "unexplained" not in {reason for _, reason in kinds(found)}
    again = finished.command("replay", "--as", "wide", "--until-caught-up")
    assert (1, True) == (again.returncode, "WINDOW_SIZE=10m and not 5m" in again.stderr)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--as", "v2", "WINDOW=1m"), "WINDOW_SIZE"),
        (("--as", "v2", "GRACE=soon"), "CLICKSTREAM_GRACE='soon' is not accepted"),
        (("--as", "main"), "another version"),
        (("--as", "v 2"), "CLICKSTREAM_VERSION='v 2' is not accepted"),
    ],
)
def test_what_can_not_be_a_version_is_refused(
    finished: Cluster, options: tuple[str, ...], said: str
) -> None:
    """With rule, value and remedy, before anything is made."""
    done = finished.command("replay", *options)
    assert (1, True) == (done.returncode, said in done.stderr), done.stderr


def test_a_version_that_nobody_knows_can_not_be_compared(finished: Cluster) -> None:
    """Exit code 2: nothing is known to be the same, or not."""
    done = finished.command("diff", "main", "nobody")
    assert (2, True) == (done.returncode, "--as nobody" in done.stderr), done.stderr


def test_what_is_no_version_among_them_is_named_with_its_remedy(finished: Cluster) -> None:
    """Whoever writes it; and the remedy helps."""
    topic = f"{finished.settings['APP_ID']}-versions"
    replayed(finished, "known")
    finished.produce([Event(topic, 0, b'{"name": 7}', b"v9")])
    refused = [finished.command(*words) for words in (["versions"], ["diff", "main", "known"])]
    assert [True, True] == [f"{topic} must hold" in done.stderr for done in refused]
    assert [True, True] == ["key b'v9'" in done.stderr for done in refused]
    assert [1, 2] == [done.returncode for done in refused]
    finished.produce([Event(topic, 0, None, b"v9")])  # type: ignore[arg-type]  # a tombstone
    done = finished.command("versions")
    assert (0, True) == (done.returncode, "known" in done.stdout)


def test_a_replay_from_a_time_is_compared_where_it_is_whole(make_cluster: MakeCluster) -> None:
    """What lies before it is left out; the rest is the same, and verify finds it right."""
    cluster = make_cluster()
    shop = Shop(52, cluster.partitions)
    cluster.produce(shop.events(1_500))
    time.sleep(0.1)
    since = iso(now_ms())
    finish(cluster, shop, 1_500)
    replayed(cluster, "late", "--from", since)
    found = differences(cluster, "main", "late")
    assert [] == found["kinds"]
    records = {line["what"]: line["records"] for line in found["compared"]}
    assert 0 < records["click-counts"][0] < len(cluster.read("click-counts")["click-counts"])
    cluster.settings["VERSION"] = "late"
    done = cluster.command("verify")
    assert 0 == done.returncode, done.stdout
