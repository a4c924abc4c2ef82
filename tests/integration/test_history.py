"""The past on a real Kafka: what a recount of the inputs gives, and the topics' append times."""

import asyncio
import json
import random
import signal
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

from app.history.past import Moment, Past, window_json
from app.history.reaching import catch_up, history_of
from app.history.store import History
from app.settings import Settings
from dev.kafka import Broker
from models.windows import WindowRules
from tests.integration.commanding import said
from tests.integration.harness import Cluster, Worker
from tests.integration.recount import Rules, _Item, _valid, canonical, iso
from tests.integration.settling import settled
from tests.integration.shop import START_MS, Shop
from tests.integration.web import ask

RULES = Rules()
_TIMES = 100
_USERS = [f"user-{n}" for n in range(60)]

Json = dict[str, Any]


@dataclass
class Passed:
    """What a settled shop has had.

    Attributes:
        worker: A worker to ask.
        past: Its past, asked here.
        clicks: The valid clicks of the inputs.
        outputs: The records of the outputs.
        last_ms: When the last event of the shop happened.
    """

    cluster: Cluster
    worker: Worker
    past: Past
    clicks: list[_Item]
    outputs: dict[str, list[Any]]
    last_ms: int

    def asked(self, view: str, user: str, query: str) -> Json:
        """What the worker says."""
        answer = ask(self.worker, view, user, query=query)
        assert HTTPStatus.OK == answer.status, answer.body
        found: Json = answer.json
        return found


def filled(cluster: Cluster, path: Path) -> History:
    """The history of a cluster, filled up to now."""
    named: dict[str, Any] = {
        f"CLICKSTREAM_{name}": value for name, value in cluster.settings.items()
    }
    settings = Settings(**named | {"CLICKSTREAM_BROKER": f"kafka://{cluster.bootstrap}"})
    history = history_of(settings, path)
    asyncio.run(catch_up(settings, history, lambda: None, lambda _done, _of: None, print))
    return history


@pytest.fixture(scope="module")
def passed(kafka: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Passed]:
    """A settled shop, and its worker."""
    cluster = Cluster(kafka.bootstrap, tmp_path_factory.mktemp("history"))
    cluster.init_topics()
    shop = Shop(51, cluster.partitions)
    cluster.produce([*shop.events(3_000), *shop.last()])
    worker = cluster.worker()
    try:
        settled(cluster)
        read = cluster.read(
            "clicks", "click-counts", "conversion-events", "unattributed-purchases", "late-events"
        )
        clicks, _ = _valid(read.pop("clicks"), ("userId", "timestamp"))
        with filled(cluster, tmp_path_factory.mktemp("file") / "history.duckdb") as history:
            past = Past(history, WindowRules(RULES.size, RULES.grace, 0), cluster.partitions)
            last_ms = max(click.at for click in clicks) - 36_000_000
            yield Passed(cluster, worker, past, clicks, read, last_ms)
    finally:
        cluster.kill()


def _counted(passed: Passed, user: str, at_ms: int) -> list[Json]:
    """The windows of a user with the clicks that had happened by then, from the inputs."""
    counts: Counter[int] = Counter()
    for click in passed.clicks:
        start = click.at // RULES.size * RULES.size
        on_time = click.stream < start + RULES.size + RULES.grace
        if click.user == user and click.at <= at_ms and on_time:
            counts[start] += 1
    return [
        {
            "windowStart": iso(start),
            "windowEnd": iso(start + RULES.size),
            "clickCount": counts[start],
            "final": start + RULES.size <= at_ms + 1,
        }
        for start in sorted(counts)
    ]


def test_as_of_any_time_counts_are_a_recount_of_the_inputs(passed: Passed) -> None:
    """At a hundred random event times, of random users; late clicks are in none."""
    dice = random.Random(52)
    assert any(json.loads(r.value)["stage"] == "count" for r in passed.outputs["late-events"])
    for _ in range(_TIMES):
        user, at_ms = dice.choice(_USERS), dice.randint(START_MS, passed.last_ms)
        found = passed.past.counts(user.encode(), Moment(at_ms))
        assert None is found.since_ms
        assert _counted(passed, user, at_ms) == [window_json(window) for window in found.windows]


def test_known_at_any_time_counts_are_what_had_been_published(passed: Passed) -> None:
    """By the append times of click-counts; nothing published yet is not there."""
    dice = random.Random(53)
    records = passed.outputs["click-counts"]
    times = sorted({record.timestamp for record in records})
    for _ in range(_TIMES):
        user, at_ms = dice.choice(_USERS), dice.choice(times) - dice.randrange(2)
        values = [
            json.loads(r.value) for r in records if r.key == user.encode() and r.timestamp <= at_ms
        ]
        expected = [value | {"final": True, "userId": user} for value in values]
        found = passed.past.counts(user.encode(), Moment(at_ms, known=True))
        windows = [window_json(window) | {"userId": user} for window in found.windows]
        assert sorted(map(canonical, expected)) == sorted(map(canonical, windows))


def test_conversions_of_the_past_are_those_whose_purchase_or_publication_was(
    passed: Passed,
) -> None:
    """By event time purchase and click are both up to then; by knowledge the append time is."""
    dice = random.Random(54)
    topics = {"conversions": "conversion-events", "unattributed": "unattributed-purchases"}
    emitted: dict[str, list[tuple[str, int, Json]]] = defaultdict(list)
    for name, topic in topics.items():
        for record in passed.outputs[topic]:
            value = json.loads(record.value)
            emitted[value["userId"]].append((name, record.timestamp, value))
    assert len(emitted) > 20
    for _ in range(_TIMES):
        user = dice.choice(sorted(emitted))
        _, known_ms, value = dice.choice(emitted[user])
        bought = value["purchaseTimestamp"]
        at_ms = int(datetime.fromisoformat(bought).timestamp() * 1000)
        by_event = passed.past.outcomes(user.encode(), Moment(at_ms)).by_topic
        by_knowledge = passed.past.outcomes(user.encode(), Moment(known_ms, known=True)).by_topic
        for name, topic in topics.items():
            happened = [v for n, _, v in emitted[user] if n == name]
            happened = [v for v in happened if v["purchaseTimestamp"] <= bought]
            known = [v for n, ms, v in emitted[user] if n == name and ms <= known_ms]
            for expected, found in ((happened, by_event), (known, by_knowledge)):
                values = [json.loads(value) for _, value in found[topic]]
                assert sorted(map(canonical, expected)) == sorted(map(canonical, values))


def _without(found: Json, name: str) -> Json:
    return {key: value for key, value in found.items() if key != name}


def test_questions_about_the_past_that_break_a_rule_are_refused(passed: Passed) -> None:
    """Two times, none, and a user whom nobody knows."""
    for query, status in (
        ("as_of=1&known_at=1", HTTPStatus.BAD_REQUEST),
        ("as_of=soon", HTTPStatus.BAD_REQUEST),
        ("as_of=1&scope=worker", HTTPStatus.BAD_REQUEST),
    ):
        assert status == ask(passed.worker, "counts", "user-1", query=query).status
    assert HTTPStatus.NOT_FOUND == ask(passed.worker, "counts", "nobody", query="as_of=1").status


def test_a_worker_says_what_its_logs_say(passed: Passed) -> None:
    """Of counts and conversions, by event time and by knowledge, cut as those of the present."""
    user, at_ms = "user-7", START_MS + 1_800_000
    found = passed.asked("counts", user, f"as_of={at_ms}")
    assert {"userId": user, "asOf": iso(at_ms), "since": None} == _without(found, "windows")
    windows = _counted(passed, user, at_ms)
    assert windows == found["windows"]
    second = windows[1]["windowStart"]
    assert windows[1:] == passed.asked("counts", user, f"as_of={at_ms}&from={second}")["windows"]
    assert windows[-1:] == passed.asked("counts", user, f"as_of={at_ms}&limit=1")["windows"]
    now = passed.asked("conversions", user, "")
    known = passed.asked("conversions", user, f"known_at={iso(passed.last_ms * 2)}")
    for name in ("conversions", "unattributed"):
        assert now[name] == known[name]
    assert [] == passed.asked("counts", user, "known_at=2020-01-01")["windows"]


def test_the_command_says_what_the_views_say(passed: Passed) -> None:
    """Of one user, and of all in a file."""
    user, at = "user-7", iso(START_MS + 1_800_000)
    told = said(passed.cluster, "as-of", user, "--at", at)
    assert passed.asked("counts", user, f"as_of={at}")["windows"] == told["windows"] != []
    bought = passed.asked("conversions", user, f"as_of={at}")
    assert (bought["conversions"], bought["unattributed"]) == (
        told["conversions"],
        told["unattributed"],
    )
    path = passed.cluster.directory / "all.jsonl"
    done = passed.cluster.command("as-of", "--all", "--at", at, "--output", str(path))
    assert 0 == done.returncode, done.stdout + done.stderr
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    for user in _USERS:
        windows = [_without(row, "userId") for row in rows if row["userId"] == user]
        assert _counted(passed, user, START_MS + 1_800_000) == windows


def test_a_worker_that_was_asked_about_the_past_ends_in_order(passed: Passed) -> None:
    """Its thread, which waits for questions, keeps nobody waiting."""
    passed.asked("counts", "user-7", "as_of=2020-01-01")
    passed.worker.signal(signal.SIGTERM)
    assert 0 == passed.worker.wait()
