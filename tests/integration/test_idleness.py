"""Idle input partitions: they hold nothing back, and nothing is lost for their sake."""

import json
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from tests.integration.conftest import MakeCluster
from tests.integration.harness import Cluster, Event, until, values
from tests.integration.recount import Outcome, Rules, differences, iso, lacking, outputs, recount
from tests.integration.settling import OUTPUTS

IDLE_S = 1.0
RULES = Rules(size=2_000, grace=1_000)
QUICK = {
    "WINDOW_SIZE": "2s",
    "GRACE": "1s",
    "IDLE_TIMEOUT": f"{IDLE_S}s",
    "WATERMARK_INTERVAL": "100ms",
}
#: 2015-05-17T10:05:00Z, the start of a window.
START_MS = 1_431_857_100_000
HOUR_MS = 3_600_000


def click(partition: int, at_ms: int, user: str) -> Event:
    """A click that takes no part in the join."""
    value = {"userId": user, "timestamp": iso(at_ms)}
    return Event("clicks", partition, json.dumps(value).encode())


def purchase(partition: int, at_ms: int, user: str) -> Event:
    """A purchase that nothing was clicked for."""
    value = {"userId": user, "productId": "last", "timestamp": iso(at_ms)}
    return Event("purchases", partition, json.dumps(value).encode())


def clicks(partition: int, first_ms: int, step_ms: int, count: int) -> list[Event]:
    """Clicks of some users, in order and so many milliseconds apart."""
    return [click(partition, first_ms + n * step_ms, f"user-{n % 50}") for n in range(count)]


class Tally:
    """What became of the clicks, by now."""

    def __init__(self, cluster: Cluster) -> None:
        read = cluster.read("click-counts", "late-events")
        self.windows = {
            (v["userId"], v["windowStart"]): int(v["clickCount"])
            for v in values(read["click-counts"])
        }
        self.late = values(read["late-events"])
        self.counted = sum(self.windows.values())
        assert len(self.windows) == len(read["click-counts"]), "a window closes once for a user"

    @property
    def total(self) -> int:
        """Clicks that are counted in closed windows, or late."""
        return self.counted + len(self.late)


def until_settled(cluster: Cluster, sent: int) -> Tally:
    """Wait until every click is in a closed window, or late."""
    until(lambda: Tally(cluster).total >= sent, f"{sent} clicks to settle")
    return Tally(cluster)


@contextmanager
def live(cluster: Cluster, partitions: Iterable[int]) -> Iterator[Counter[int]]:
    """Clicks as they happen into these partitions; gives how many went to each."""
    sent: Counter[int] = Counter()
    enough = threading.Event()
    chosen = list(partitions)

    def feed() -> None:
        while not enough.wait(0.1):
            now_ms = int(datetime.now(UTC).timestamp() * 1000)
            cluster.produce(click(p, now_ms, f"user-{now_ms % 7}") for p in chosen)
            sent.update(chosen)

    thread = threading.Thread(target=feed)
    thread.start()
    try:
        yield sent
    finally:
        enough.set()
        thread.join()


def test_windows_close_although_some_partitions_are_empty_and_then_all_are_quiet(
    make_cluster: MakeCluster,
) -> None:
    """Two of four partitions never get a click; in the end none does: the last windows close."""
    cluster = make_cluster(**QUICK)
    cluster.worker().until_ready()
    with live(cluster, (0, 1)) as sent:
        until(lambda: len({start for _, start in Tally(cluster).windows}) >= 2, "two windows")
    tally = until_settled(cluster, sent.total())
    assert (sent.total(), True) == (tally.total, tally.counted > 0)


def test_clicks_that_come_back_from_idleness_behind_stream_time_are_late_and_not_lost(
    make_cluster: MakeCluster,
) -> None:
    """All windows are closed by idleness; then a quiet partition brings an hour-old clicks."""
    cluster = make_cluster(**QUICK)
    cluster.worker().until_ready()
    first = [*clicks(0, START_MS, 100, 200), *clicks(3, START_MS, 100, 10)]
    cluster.produce(first)
    before = until_settled(cluster, len(first))
    assert (len(first), []) == (before.counted, before.late)
    old = clicks(3, START_MS - HOUR_MS, 100, 60)
    cluster.produce([*old, *clicks(3, START_MS + HOUR_MS, 100, 40)])
    after = until_settled(cluster, len(first) + 100)
    assert (len(first) + 40, 60) == (after.counted, len(after.late))
    assert {"count"} == {late["stage"] for late in after.late}
    at = sorted(late["record"]["timestamp"] for late in after.late)
    assert sorted(json.loads(event.value)["timestamp"] for event in old) == at
    assert all(late["lateBy"] > 3_000 for late in after.late)


def test_nobody_counts_as_idle_after_an_outage_until_heard_of_again(
    make_cluster: MakeCluster,
) -> None:
    """Hours ahead in one partition, and thousands of old clicks in another: none is late."""
    cluster = make_cluster(**QUICK)
    workers = [cluster.worker(), cluster.worker()]
    for worker in workers:
        worker.until_ready()
    first = [event for p in range(4) for event in clicks(p, START_MS, 100, 50)]
    cluster.produce(first)
    until_settled(cluster, len(first))  # only idleness closes the last windows
    for worker in workers:
        worker.stop()
    piled_up = [
        *clicks(0, START_MS + 3 * HOUR_MS, 100, 100),
        *clicks(1, START_MS + 2 * HOUR_MS, 100, 10),
        *clicks(3, START_MS + HOUR_MS, 300, 5_000),
        *(click(p, START_MS + 10 * HOUR_MS, "last") for p in range(4)),
        purchase(0, START_MS + 10 * HOUR_MS, "last"),
    ]
    cluster.produce(piled_up)
    time.sleep(3 * IDLE_S)
    for worker in workers:
        worker.start()
    expected = counted_again(cluster)
    found = cluster.until_outputs(lambda: without_last(cluster), expected, lacking)
    assert {} == differences(expected, found)
    assert not found["late-events"]


def test_partitions_of_a_worker_that_hangs_do_not_count_as_idle_for_long(
    make_cluster: MakeCluster,
) -> None:
    """Its unread clicks are hours behind what the other worker has read; none is late."""
    cluster = make_cluster(**QUICK, SESSION_TIMEOUT="30s")
    workers = [cluster.worker(), cluster.worker()]
    for worker in workers:
        worker.until_ready()
    first = [event for p in range(4) for event in clicks(p, START_MS, 100, 50)]
    cluster.produce(first)
    until_settled(cluster, len(first))
    workers[1].signal(signal.SIGSTOP)
    time.sleep(2 * IDLE_S + 0.5)  # until its last idle records hold no more
    behind = [event for p in range(4) for event in clicks(p, START_MS + HOUR_MS, 100, 50)]
    ahead = [event for p in range(4) for event in clicks(p, START_MS + 3 * HOUR_MS, 100, 50)]
    cluster.produce([*behind, *ahead])
    until(lambda: enriched(cluster) > len(first), "the other worker to read on")
    time.sleep(IDLE_S)
    workers[1].signal(signal.SIGCONT)
    tally = until_settled(cluster, len(first) + len(behind) + len(ahead))
    assert (600, []) == (tally.counted, tally.late)


def enriched(cluster: Cluster) -> int:
    """How many clicks are enriched by now."""
    return len(values(cluster.read("enriched-clicks")["enriched-clicks"]))


def counted_again(cluster: Cluster) -> Outcome:
    """What the inputs give."""
    inputs = cluster.read("clicks", "purchases")
    return recount(inputs["clicks"], inputs["purchases"], RULES)


def without_last(cluster: Cluster) -> Outcome:
    """What was found; without the last window and purchase, which idleness alone settles."""
    read: dict[str, list[Any]] = cluster.read(*OUTPUTS)
    for topic in ("click-counts", "unattributed-purchases"):
        read[topic] = [r for r in read[topic] if b'"last"' not in r.value]
    return outputs(read)
