"""The tables' web views: any worker answers for any user, and says when it can't."""

import http.client
import json
import shutil
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import pytest

from dev.kafka import Broker
from tests.integration.harness import Cluster, Event, Worker, until
from tests.integration.recount import Rules, iso, recount
from tests.integration.settling import settled
from tests.integration.shop import Shop

#: Users whose ids a URL has to quote.
SPECIAL = ("a b", "日本", "a+b&c=d?e#f", 'quo"te', "100%", "%41", "a/b", "%2F")
USERS = [*(f"user-{n}" for n in range(100)), *SPECIAL]
RULES = Rules()


@dataclass
class Tables:
    """Two workers whose shop is settled; every user has one more click, in an open window.

    Attributes:
        workers: The two.
        windows: What click-counts must give, by user.
        clicks: What join-state must give of a user's clicks, by user.
        last_purchase: When the purchase of each user last-<partition> was made.
    """

    workers: list[Worker]
    windows: dict[str, list[dict[str, Any]]]
    clicks: dict[str, list[dict[str, str]]]
    last_purchase: str


@pytest.fixture(scope="module")
def tables(kafka: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tables]:
    """What this module asks about; its last test kills one of the workers."""
    cluster = Cluster(kafka.bootstrap, tmp_path_factory.mktemp("tables"))
    cluster.init_topics()
    workers = [cluster.worker(), cluster.worker()]
    try:
        shop = Shop(21, cluster.partitions, users=100)
        cluster.produce([*shop.events(3_000), *shop.last()])
        settled(cluster)
        last = json.loads(next(shop.last()).value)["timestamp"]
        cluster.produce(_click(user, last) for user in USERS)
        made = _made(cluster, workers, last)
        until(lambda: _settled(made), "every click to be in the tables")
        yield made
    finally:
        cluster.kill()


def _settled(tables: Tables) -> bool:
    return all(
        ask(tables.workers[0], "table", table, user)[0] == HTTPStatus.OK
        and _windows(tables.workers[0], user)[1] == tables.windows[user]
        for table in ("click-counts", "join-state")
        for user in USERS
    )


def _click(user: str, at: str) -> Event:
    value = {"userId": user, "timestamp": at, "productId": "open"}
    return Event("clicks", 0, json.dumps(value).encode())


def _made(cluster: Cluster, workers: list[Worker], last: str) -> Tables:
    read = cluster.read("clicks", "purchases")
    windows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for text in recount(read["clicks"], read["purchases"], RULES)["click-counts"]:
        user, count, start, end = json.loads(text)
        windows[user].append(_window(start, end, count, final=True))
    start_ms = int(datetime.fromisoformat(last).timestamp() * 1000) // RULES.size * RULES.size
    for user in USERS:
        windows[user].append(_window(iso(start_ms), iso(start_ms + RULES.size), 1, final=False))
        windows[user].sort(key=lambda window: str(window["windowStart"]))
    clicks = {
        json.loads(r.value)["userId"]: [
            {
                "productId": "open",
                "timestamp": last,
                "source": f"{r.topic}-{r.partition}-{r.offset}",
            }
        ]
        for r in read["clicks"]
        if b'"open"' in r.value
    }
    return Tables(workers, windows, clicks, last)


def _window(start: str, end: str, count: int, *, final: bool) -> dict[str, Any]:
    return {"windowStart": start, "windowEnd": end, "clickCount": count, "final": final}


def ask(worker: Worker, *path: str) -> tuple[int, Any]:
    """A worker's answer: status and JSON."""
    connection = http.client.HTTPConnection("127.0.0.1", worker.port, timeout=30)
    try:
        quoted = "".join(f"{quote(part, safe='')}/" for part in path)
        connection.request("GET", f"/{quoted}")
        answer = connection.getresponse()
        assert "application/json" == answer.headers.get_content_type()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def _windows(worker: Worker, user: str) -> tuple[int, Any]:
    return ask(worker, "table", "click-counts", user)


def test_every_worker_gives_every_users_windows(tables: Tables) -> None:
    """Closed windows as counted again from the inputs; open ones are marked."""
    assert any(len(windows) > 3 for windows in tables.windows.values())
    for worker in tables.workers:
        found = {user: _windows(worker, user) for user in USERS}
        assert {user: (HTTPStatus.OK, tables.windows[user]) for user in USERS} == found


def test_every_worker_gives_every_users_join_state(tables: Tables) -> None:
    """Clicks that a purchase may still match; purchases that a click may still match."""
    for worker in tables.workers:
        for user in USERS:
            expected = {"clicks": tables.clicks[user], "purchases": []}
            assert (HTTPStatus.OK, expected) == ask(worker, "table", "join-state", user)
        status, pending = ask(worker, "table", "join-state", "last-2")
        assert (HTTPStatus.OK, []) == (status, pending["clicks"])
        (purchase,) = pending["purchases"]
        assert (tables.last_purchase, False) == (purchase["timestamp"], purchase["matched"])
        assert 2 == purchase["purchase"]["partition"]


def test_tables_are_listed_by_name(tables: Tables) -> None:
    """Both of them, by both workers."""
    for worker in tables.workers:
        status, listed = ask(worker, "table")
        assert HTTPStatus.OK == status
        assert ["click-counts", "join-state"] == sorted(table["name"] for table in listed)
        assert all(table["help"] for table in listed)
        status, one = ask(worker, "table", "join-state")
        assert (HTTPStatus.OK, "join-state") == (status, one["name"])


def test_unknown_users_and_tables_are_not_found(tables: Tables) -> None:
    """By any worker, and not as an error of the server."""
    paths = [
        ("table", "click-counts", "nobody"),
        ("table", "join-state", "nobody"),
        ("table", "no-table"),
        ("table", "no-table", "user-1"),
        ("router", "no-table"),
        ("router", "no-table", "user-1"),
    ]
    for worker in tables.workers:
        found = {path: ask(worker, *path)[0] for path in paths}
        assert dict.fromkeys(paths, HTTPStatus.NOT_FOUND) == found


def test_router_names_the_owner(tables: Tables) -> None:
    """Both workers name the same one for a user, and each of them for some users."""
    named = set()
    for user in USERS:
        owners = [ask(worker, "router", "click-counts", user) for worker in tables.workers]
        assert owners[0] == owners[1]
        assert HTTPStatus.OK == owners[0][0]
        named.add(owners[0][1])
    assert {f"http://127.0.0.1:{worker.port}" for worker in tables.workers} == named


def test_answer_is_right_or_unavailable_while_the_owner_is_dead_or_recovering(
    tables: Tables,
) -> None:
    """Kill -9 with the data wiped, fail-over, and the way back: 503 at times, never a wrong 404."""
    dead, other = tables.workers
    user = next(u for u in USERS if str(dead.port) in ask(other, "router", "click-counts", u)[1])
    right = (HTTPStatus.OK, tables.windows[user])
    asked = [other]
    seen: list[tuple[int, Any]] = []

    def answers(want: tuple[int, Any]) -> bool:
        found = [_windows(worker, user) for worker in asked]
        seen.extend(found)
        return all(status == want[0] for status, _ in found)

    dead.kill()
    assert HTTPStatus.SERVICE_UNAVAILABLE == _windows(other, user)[0]
    until(lambda: answers(right), "the other worker to take over")
    shutil.rmtree(dead.directory)
    dead.log.unlink()
    dead.start()
    until(lambda: answers(right) and dead.ready_count() == 1, "the worker to be back")
    asked.append(dead)
    until(lambda: answers(right), "both to answer")
    assert all(
        status == HTTPStatus.SERVICE_UNAVAILABLE or (status, found) == right
        for status, found in seen
    )
