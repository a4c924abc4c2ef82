"""Laws of the command redrive on a real Kafka."""

import json
import signal
import time

from models.timestamps import iso
from tests.integration.auditing import audited, until_at_rest
from tests.integration.commanding import click, enriched, headers, letters, now_ms, said, started
from tests.integration.conftest import MakeCluster
from tests.integration.harness import Cluster, Event, until, values
from tests.integration.shop import START_MS

AHEAD_MS = 6_000
"""How far a producer's clock is ahead: longer than its clicks take to be read, however busy."""


def too_early(cluster: Cluster, count: int) -> list[str]:
    """Clicks of clocks that are ahead, as dead letters; then wait until their time has come."""
    users = [f"early-{n}" for n in range(count)]
    cluster.worker().until_ready()
    at_ms = now_ms() + AHEAD_MS
    cluster.produce(click(n % 4, user, at_ms) for n, user in enumerate(users))
    until(lambda: len(letters(cluster)) == count, f"{count} dead letters")
    time.sleep(max(0.0, (at_ms - now_ms()) / 1000))
    return sorted(users)


def test_letters_whose_time_has_come_are_put_back_once(make_cluster: MakeCluster) -> None:
    """A dry run sends nothing, --yes each once as received, a second one none; verify agrees."""
    cluster = make_cluster(FUTURE_SKEW="0")
    users = too_early(cluster, 5)
    cluster.produce([Event("clicks", 0, b"{")])
    until(lambda: len(letters(cluster)) == 6, "the letter that stays one")
    plan = said(cluster, "redrive", "dead-letters")
    assert (0, 6, 5) == (plan["sent"], plan["found"], plan["toSend"])
    assert {"a dead letter again: not_json": 1} == plan["heldBack"]
    assert [] == enriched(cluster, "early")

    assert 1 == said(cluster, "redrive", "dead-letters", "--user", users[0], "--yes")["sent"]
    assert 4 == said(cluster, "redrive", "dead-letters", "--yes")["sent"]
    again = said(cluster, "redrive", "dead-letters", "--yes")
    assert (0, 5) == (again["sent"], again["redrivenBefore"])
    until(lambda: enriched(cluster, "early") == users, "the clicks to pass")
    assert (0, []) == ((result := until_at_rest(cluster)).differences, result.examples)

    back = [r for r in cluster.read("clicks")["clicks"] if "redriven-from" in headers(r)]
    received = {r.key: r for r in letters(cluster) if r.key}
    assert users == sorted(r.key.decode() for r in back)
    for record in back:
        letter = received[record.key]
        assert letter.value == record.value
        assert headers(letter)["source"] == headers(record)["redriven-from"]
        assert {"h", "redriven-from", "redrive-id"} == headers(record).keys()


def test_a_record_that_is_bad_again_is_a_letter_and_stays_one(make_cluster: MakeCluster) -> None:
    """Sent --anyway, it is a dead letter of its new place, and nothing sends that by itself."""
    cluster = make_cluster()
    cluster.produce([Event("purchases", 1, b"[]", b"k")])
    cluster.worker()
    until(lambda: len(letters(cluster)) == 1, "the letter")
    assert 1 == said(cluster, "redrive", "dead-letters", "--anyway", "--yes")["sent"]
    until(lambda: len(letters(cluster)) == 2, "the letter of the new place")
    sources = [headers(r)["source"].decode() for r in letters(cluster)]
    assert [f"{cluster.topic('purchases')}-1-{n}" for n in (0, 1)] == sources
    plan = said(cluster, "redrive", "dead-letters", "--yes")
    assert (0, 1, 1) == (plan["sent"], plan["redrivenBefore"], plan["heldBack"].popitem()[1])
    assert (0, 0) == (audited(cluster).differences, len(letters(cluster)) - 2)


def test_a_redrive_that_is_killed_loses_and_doubles_nothing(make_cluster: MakeCluster) -> None:
    """Killed in the middle of its transactions, and run again: each click once."""
    cluster = make_cluster(FUTURE_SKEW="0")
    users = too_early(cluster, 4_000)
    log = cluster.directory / "redrive.log"
    for wait_s in (0.0, 0.15, 0.4):
        redrive = started(cluster, log, "redrive", "dead-letters", "--yes")
        begun = len(_redriven(cluster))
        deadline = time.monotonic() + 60
        while len(_redriven(cluster)) == begun and time.monotonic() < deadline:
            if redrive.poll() is not None:
                break
        time.sleep(wait_s)
        redrive.send_signal(signal.SIGKILL)
        redrive.wait()
    some = len(_redriven(cluster))
    assert 0 < some <= len(users)
    rest = said(cluster, "redrive", "dead-letters", "--yes")
    assert len(users) == rest["sent"] + rest["redrivenBefore"]
    assert users == sorted(_redriven(cluster))
    until(lambda: enriched(cluster, "early") == users, "all clicks to pass")
    assert (0, []) == ((result := until_at_rest(cluster)).differences, result.examples)


def _redriven(cluster: Cluster) -> list[str]:
    records = cluster.read("clicks")["clicks"]
    return [r.key.decode() for r in records if "redriven-from" in headers(r)]


MINUTE_MS = 60_000


def test_a_late_click_goes_where_its_window_is_open_still(make_cluster: MakeCluster) -> None:
    """Late by its own partition, it is counted behind a slower one; late everywhere, it stays."""
    cluster = make_cluster()
    start_ms = START_MS - START_MS % 300_000
    cluster.produce(
        [
            click(0, "fast", start_ms + 30 * MINUTE_MS),
            click(0, "late-open", start_ms + 10 * MINUTE_MS, userAgent="curl/8"),
            click(0, "late-closed", start_ms + MINUTE_MS),
            click(0, "late-joined", start_ms + 10 * MINUTE_MS, productId="p"),
            *(click(q, "slow", start_ms + 8 * MINUTE_MS) for q in (1, 2, 3)),
            *(Event("purchases", q, _purchase(start_ms + 8 * MINUTE_MS), b"s") for q in range(4)),
        ]
    )
    cluster.worker()
    until(lambda: len(cluster.read("late-events")["late-events"]) == 4, "late events")
    until_at_rest(cluster)  # the slower partitions are read, too
    plan = said(cluster, "redrive", "late-events")
    assert (0, 3, 2) == (plan["sent"], plan["found"], plan["toSend"])
    assert {"late again for count": 1} == plan["heldBack"]
    assert {"read anew from its source": 2} == plan["how"]
    assert 2 == said(cluster, "redrive", "late-events", "--yes")["sent"]
    assert 0 == said(cluster, "redrive", "late-events", "--yes")["sent"]
    ends = [click(q, f"end-{q}", start_ms + 90 * MINUTE_MS) for q in range(4)]
    until(lambda: len(enriched(cluster, "late")) == 5, "the clicks to pass")
    cluster.produce(ends)
    until(lambda: _count(cluster, "late-open") == 1, "its count")
    until(lambda: _count(cluster, "late-joined") == 1, "the count of the other partition")
    assert _count(cluster, "late-closed") is None
    assert [] == audited(cluster).examples


def _purchase(at_ms: int) -> bytes:
    return json.dumps({"userId": "s", "productId": "q", "timestamp": iso(at_ms)}).encode()


def _count(cluster: Cluster, user: str) -> int | None:
    counts = values(cluster.read("click-counts")["click-counts"])
    found = [value["clickCount"] for value in counts if value["userId"] == user]
    assert len(found) <= 1
    return found[0] if found else None
