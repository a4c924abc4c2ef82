"""Late records that revise, on a real Kafka: exactly once through kill -9, held by ``verify``."""

import json
import shutil
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

import pytest

from app.audit.views import Views
from app.settings import load_settings
from dev.kafka import Broker
from tests.integration.auditing import audited, until_at_rest
from tests.integration.harness import Cluster
from tests.integration.recount import iso
from tests.integration.remembering import Memory
from tests.integration.shop import Shop
from tests.integration.tampering import (
    Damage,
    Fits,
    is_kind,
    is_state,
    lost,
    more,
    rewritten,
    valued,
)
from tests.integration.web import ask

HORIZON_MS = 300_000


class Laggards(Shop):
    """A shop of which a fifth comes up to fifteen minutes late."""

    def _at(self) -> str:
        back = 900_000 if self._random.random() < 0.2 else 3_000
        return iso(self._now_ms - self._random.randrange(back))


@pytest.fixture(scope="module")
def revised(kafka: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster at rest, whose worker was killed twice over its input, once with all its data."""
    settings = {"LATE_POLICY": "revise", "REVISE_HORIZON": f"{HORIZON_MS}ms"}
    cluster = Cluster(kafka.bootstrap, tmp_path_factory.mktemp("revised"), settings)
    cluster.init_topics()
    shop = Laggards(41, cluster.partitions, users=30)
    worker = cluster.worker()
    for kill in range(2):
        worker.until_ready(kill + 1)
        cluster.produce(shop.events(500))
        worker.kill()
        if kill:
            shutil.rmtree(worker.directory)
        worker.start()
    cluster.produce([*shop.events(500), *shop.last()])
    until_at_rest(cluster)
    yield cluster
    cluster.kill()


@pytest.fixture(scope="module")
def memory(revised: Cluster) -> Memory:
    """What all audits of that cluster read; as it is, it is right."""
    memory: Memory = {}
    result = audited(revised, memory=memory)
    assert ([], []) == (result.examples, result.notes)
    return memory


def values(cluster: Cluster, topic: str) -> list[Any]:
    """The values of an output."""
    return [json.loads(record.value) for record in cluster.read(topic)[topic]]


def test_the_shop_tries_every_kind_of_revision(revised: Cluster) -> None:
    """Counts of several revisions, late pairs, and late events beyond the horizon alone."""
    for topic in ("click-counts", "conversion-events", "unattributed-purchases"):
        told = Counter("revision" in value for value in values(revised, topic))
        assert min(told[True], told[False]) > 3, (topic, told)
    lacked = defaultdict(list)
    for event in values(revised, "late-events"):
        lacked[event["stage"]].append(event["lateBy"] * 1_000)
    assert HORIZON_MS <= min(lacked["count"])
    assert HORIZON_MS < min(lacked["join"])


def test_the_highest_revision_is_what_the_view_tells(revised: Cluster, memory: Memory) -> None:
    """Of every user asked for, by window; counts and conversions are right, too: a recount."""
    settings = load_settings()
    views = Views(f"http://127.0.0.1:{revised.workers[0].port}", 60, settings)
    result = audited(revised, views=views, memory=memory)
    [told] = [line for line in result.lines if "view" in line.stage]
    assert (True, []) == (told.found > 50, result.examples)
    emitted: dict[str, dict[str, tuple[int, int]]] = defaultdict(dict)
    for value in values(revised, "click-counts"):
        said = value.get("revision", 0), value["clickCount"]
        of_user = emitted[value["userId"]]
        of_user[value["windowStart"]] = max(of_user.get(value["windowStart"], said), said)
    user, windows = next(item for item in emitted.items() if any(k for k, _ in item[1].values()))
    answer = ask(revised.workers[0], "counts", user).json["windows"]
    found = {w["windowStart"]: (w.get("revision", 0), w["clickCount"]) for w in answer}
    assert windows == found


def telling(text: str) -> Fits:
    """An output with this in its value."""
    return lambda record: text.encode() in (record.value or b"")


def flagged(flag: int) -> Any:
    """A purchase's row with another of its flags."""

    def apply(record: Any) -> Any:
        changed = b"%d" % (int(record.value[:1]) ^ flag) + record.value[1:]
        return valued(changed)(record)

    return apply


IN_TABLE = {"every": True, "table": True}
DAMAGES = [
    Damage("lost", "click-counts", lost, "click-counts", "missing", telling("revision")),
    Damage("wrong", "click-counts", more("clickCount"), "click-counts", "expected", telling("rev")),
    Damage("skipped", "click-counts", more("revision"), "click-counts", "miss", telling("rev")),
    Damage(
        "no number",
        "click-counts",
        rewritten(lambda value: value.update(revision="1.0")),
        "click-counts",
        "not expected",
    ),
    *(
        Damage(
            f"without its revision in {topic}",
            topic,
            rewritten(lambda value: value.pop("revision")),
            topic,
            "revision 1",
            telling("revision"),
        )
        for topic in ("conversion-events", "unattributed-purchases")
    ),
    Damage(
        "row of revisions",
        "click-counts",
        valued(b"77"),
        "table click-counts: revisions",
        "77",
        is_kind(b"r"),
        **IN_TABLE,
    ),
    *(
        Damage(
            f"flag {flag} of a purchase",
            "join-state",
            flagged(flag),
            "table join-state: purchases",
            name,
            lambda record: is_kind(b"p")(record) and b'"last"' in record.value,
            **IN_TABLE,
        )
        for flag, name in ((1, "matched"), (2, "late"), (4, "resolved"))
    ),
    *(
        Damage(
            f"ledger of {table}",
            table,
            rewritten(lambda state: state["ledger"]["became"].update(revised=1)),
            "ledgers",
            "became revised",
            is_state,
            **IN_TABLE,
        )
        for table in ("click-counts", "join-state")
    ),
]


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.name)
def test_damage_to_revisions_is_found(revised: Cluster, memory: Memory, damage: Damage) -> None:
    """One record that is not as it was written: its line tells, with an example."""
    result = audited(revised, damage, memory=memory)
    told = [text for text in result.examples if text.startswith(damage.line)]
    assert any(damage.told in text for text in told), result.examples
