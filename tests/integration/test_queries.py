"""The query views: every worker gives the same answers, and they are what a recount gives."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from http import HTTPStatus

import pytest

from dev.kafka import Broker
from tests.integration.harness import Cluster, Worker, until
from tests.integration.queried import RULES, SPECIAL, USERS, Json, Queried, settled_shop
from tests.integration.recount import canonical, iso
from tests.integration.web import Answer, ask

_FRESHNESS = {"streamTime", "lag", "at"}


@pytest.fixture(scope="module")
def queried(kafka: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Queried]:
    """What this module asks about; its last test kills one of the workers."""
    cluster = Cluster(kafka.bootstrap, tmp_path_factory.mktemp("queries"))
    cluster.init_topics()
    workers = [cluster.worker(), cluster.worker()]
    try:
        yield settled_shop(cluster, workers)
    finally:
        cluster.kill()


def _same(queried: Queried, *path: str, query: str = "") -> Json:
    """The answer of all workers, without its freshness, which must be whole."""
    answers = [_found(ask(worker, *path, query=query)) for worker in queried.workers]
    assert answers[0] == answers[1]
    return answers[0]


def _found(answer: Answer) -> Json:
    assert HTTPStatus.OK == answer.status, answer.body
    found: Json = answer.json
    fresh = found.pop("freshness")
    assert set(fresh) == _FRESHNESS
    assert fresh["streamTime"] is not None
    return found


def test_every_worker_gives_the_counts_of_the_recount(queried: Queried) -> None:
    """Of each of a hundred users, final windows oldest first."""
    for user in USERS:
        windows = sorted(queried.counts[user], key=lambda window: str(window["windowStart"]))
        assert {"userId": user, "windows": windows} == _same(queried, "counts", user)


def test_counts_are_cut_by_time_and_number(queried: Queried) -> None:
    """From is in, to is not; the limit keeps the newest."""
    user = max(queried.counts, key=lambda user: len(queried.counts[user]))
    windows = _same(queried, "counts", user)["windows"]
    first, second, third, *_ = [window["windowStart"] for window in windows]
    query = f"from={second}&to={third}"
    assert [windows[1]] == _same(queried, "counts", user, query=query)["windows"]
    second_ms = int(datetime.fromisoformat(second).timestamp() * 1000)
    assert windows[1:] == _same(queried, "counts", user, query=f"from={second_ms}")["windows"]
    assert windows[-2:] == _same(queried, "counts", user, query="limit=2")["windows"]
    assert [] == _same(queried, "counts", user, query=f"to={first}")["windows"]


def test_every_worker_gives_what_was_emitted_of_a_users_purchases(queried: Queried) -> None:
    """To the letter, by purchase time."""
    bought = [user for user in USERS if user in queried.emitted]
    assert any(len(queried.emitted[user]["conversion-events"]) > 3 for user in bought)
    for user in bought:
        found = _same(queried, "conversions", user)
        for name, topic in (
            ("conversions", "conversion-events"),
            ("unattributed", "unattributed-purchases"),
        ):
            assert sorted(queried.emitted[user][topic]) == sorted(map(canonical, found[name]))
            times = [one["purchaseTimestamp"] for one in found[name]]
            assert sorted(times) == times
            if times:
                query = f"from={times[0]}&to={times[-1]}"
                cut = _same(queried, "conversions", user, query=query)[name]
                assert [one for one in found[name] if one["purchaseTimestamp"] < times[-1]] == cut


def test_any_id_is_found(queried: Queried) -> None:
    """However it must be quoted: one open window, one click, one conversion, one purchase."""
    for user in SPECIAL:
        (window,) = _same(queried, "counts", user)["windows"]
        assert (1, False) == (window["clickCount"], window["final"])
        (product,) = _same(queried, "clicks", user)["products"]
        assert ("open", [queried.last]) == (
            product["productId"],
            [click["timestamp"] for click in product["clicks"]],
        )
        found = _same(queried, "conversions", user)
        assert user == found["userId"]
        assert [0] == [one["timeToPurchase"] for one in found["conversions"]]
        assert [(queried.last, True)] == [(p["timestamp"], p["matched"]) for p in found["pending"]]


def test_unknown_users_and_windows_are_not_found(queried: Queried) -> None:
    """By any worker; a known user without rows in the range is no such case."""
    for worker in queried.workers:
        for path in (
            ("counts", "nobody"),
            ("conversions", "nobody"),
            ("clicks", "nobody"),
            ("windows", "2000-01-01"),
            ("windows", "1969-01-01"),
        ):
            assert HTTPStatus.NOT_FOUND == ask(worker, *path).status
        assert HTTPStatus.NOT_FOUND == ask(worker, "top", query="window=2000-01-01").status


def test_what_breaks_a_rule_is_refused(queried: Queried) -> None:
    """With the rule, what was got and what to do."""
    for worker in queried.workers:
        for path, query, got in (
            (("counts", "user-1"), "from=soon", "'soon'"),
            (("counts", "user-1"), "limit=0", "'0'"),
            (("counts", "user-1"), "limit=1001", "'1001'"),
            (("counts", "user-1"), "limit=1&limit=2", "'limit=2'"),
            (("counts", "user-1"), "from=2020-01-02&to=2020-01-01", "from=2020-01-02"),
            (("counts", "x" * 257), "", "257"),
            (("clicks", "user-1"), "from=1", "'from'"),
            (("conversions", "user-1"), "until=1", "'until'"),
            (("top",), "by=device", "'device'"),
            (("top",), "window=now", "'now'"),
            (("windows", "now"), "", "'now'"),
            (("windows",), "scope=all", "'all'"),
            (("openapi.json",), "x=1", "'x'"),
        ):
            answer = ask(worker, *path, query=query)
            assert HTTPStatus.BAD_REQUEST == answer.status
            assert got in answer.json["error"]


@pytest.mark.parametrize(
    ("by", "name"), [("users", "userId"), ("products", "productId"), ("pages", "page")]
)
def test_every_worker_gives_the_ranking_of_the_recount(
    queried: Queried, by: str, name: str
) -> None:
    """In every closed window: most clicks first, then by name; the others add up."""
    closed = _closed(queried)
    assert len(closed) > 5
    for start in closed:
        clicks = queried.windows[start][by]
        ranked = sorted(clicks.items(), key=lambda item: (-item[1], item[0]))
        found = _same(queried, "top", query=f"by={by}&window={start}&limit=7")
        assert (by, start, True) == (found["by"], found["windowStart"], found["final"])
        assert [{name: one, "clicks": n} for one, n in ranked[:7]] == found["top"]
        others = {"count": len(ranked[7:]), "clicks": sum(n for _, n in ranked[7:])}
        assert others == found["others"]


def test_top_is_of_the_newest_closed_window_unless_told(queried: Queried) -> None:
    """Ten of its users; and any time in a window names it."""
    start = max(_closed(queried))
    found = _same(queried, "top")
    assert ("users", start) == (found["by"], found["windowStart"])
    assert min(10, len(queried.windows[start]["users"])) == len(found["top"])
    later = iso(int(datetime.fromisoformat(start).timestamp() * 1000) + RULES.size - 1)
    assert found == _same(queried, "top", query=f"window={later}")


def test_every_worker_gives_the_windows_of_the_recount(queried: Queried) -> None:
    """Newest first; the open one last opened is there, too; each by itself tells more."""
    listed = _same(queried, "windows")["windows"]
    starts = [window["windowStart"] for window in listed]
    assert sorted(queried.windows, reverse=True) == starts
    assert listed[:3] == _same(queried, "windows", query="limit=3")["windows"]
    for window in listed:
        expected = queried.windows[window["windowStart"]]
        users = expected["users"]
        summary = (users.total(), len(users), expected["late"].total())
        assert summary == (window["clicks"], window["users"], window["late"])
        one = _same(queried, "windows", window["windowStart"])
        different = {kind: len(expected[kind]) for kind in ("products", "pages")}
        assert window | different == one
    assert [False] == [window["final"] for window in listed[:1]]
    assert all(window["final"] for window in listed[1:])


def _closed(queried: Queried) -> list[str]:
    newest = max(queried.windows)
    return [start for start, of in queried.windows.items() if start < newest and of["users"]]


def test_answers_are_current_when_all_is_read(queried: Queried) -> None:
    """Nothing waits, and stream time is that of the last events."""
    for worker in queried.workers:
        fresh = ask(worker, "windows").json["freshness"]
        assert (queried.last, 0) == (fresh["streamTime"], fresh["lag"])


def test_what_is_asked_of_a_worker_alone_is_its_own_part(queried: Queried) -> None:
    """Together they are of every partition, once."""
    parts = [ask(worker, "windows", query="scope=worker").json for worker in queried.workers]
    assert ["0", "1", "2", "3"] == sorted(p for part in parts for p in part["partitions"])
    assert all(part["partitions"] for part in parts)


def test_a_partition_without_its_worker_is_told_of(queried: Queried) -> None:
    """503 with Retry-After that names partitions, from the death on until another took over."""
    dead, other = queried.workers
    owners = {user: ask(other, "router", "click-counts", user).json for user in USERS}
    user = next(user for user, owner in owners.items() if str(dead.port) in owner)
    right = {path: _same(queried, *path) for path in (("counts", user), ("top",), ("windows",))}
    dead.kill()
    for path in right:
        answer = ask(other, *path)
        assert (HTTPStatus.SERVICE_UNAVAILABLE, "1") == (answer.status, answer.retry_after)
        assert "ask again soon" in answer.json["error"].lower()
    for path, expected in right.items():
        until(partial(_answered, other, path), "the other to take over")
        assert expected == _found(ask(other, *path))


def _answered(worker: Worker, path: tuple[str, ...]) -> bool:
    return ask(worker, *path).status == HTTPStatus.OK
