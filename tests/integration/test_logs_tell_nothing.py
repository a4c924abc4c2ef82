"""What a worker's log tells of the people whose clicks it counts: nothing."""

import contextlib
import json
import signal
import socket
from collections.abc import Iterator

import pytest

from tests.integration.conftest import MakeCluster
from tests.integration.harness import Event, Worker, until, values
from tests.integration.web import ask

#: Stands in every id, page and product, and in what can't be read.
MARK = "Zx9secret"
_DAY = "2024-05-17T"


def _records() -> Iterator[Event]:
    """Clicks and purchases of every fate, each with the mark."""

    def click(at: str, **more: object) -> bytes:
        return json.dumps({"userId": f"{MARK}-u", "timestamp": _DAY + at, **more}).encode()

    shown = {"page": f"/{MARK}", "productId": f"{MARK}-p", "userAgent": MARK, "email": MARK}
    for q in range(4):
        yield Event("clicks", q, click("10:00:00Z", **shown), key=MARK.encode())
        yield Event("clicks", q, click("14:00:00Z", **shown))
        yield Event("clicks", q, click("10:01:00Z", **shown))  # late
        yield Event("purchases", q, click("14:00:01Z", **shown))
        yield Event("purchases", q, click("10:00:01Z", **shown))  # late
    yield Event("clicks", 0, click("14:00:02Z", productId={MARK: 1}))
    for bad in (
        "{",
        f'{{"userId":"{MARK}"',
        f'["{MARK}"]',
        f'{{"userId":"{MARK}","timestamp":"x"}}',
    ):
        yield Event("clicks", 0, f"{bad}{MARK}".encode(), headers=[(MARK, MARK.encode())])
        yield Event("purchases", 0, bad.encode() + b"\xff", key=MARK.encode())
    yield Event("clicks", 0, json.dumps({"userId": MARK * 100, "timestamp": _DAY}).encode())


def _ask_for_everything(worker: Worker) -> None:
    for path in (
        ("table", "click-counts", f"{MARK}-u"),
        ("table", MARK, MARK),
        ("counts", f"{MARK}-u"),
        ("conversions", f"{MARK}-u"),
        ("clicks", MARK),
        (MARK,),
    ):
        ask(worker, *path, X_Name=MARK)
    for raw in (
        f"GET /{MARK} HTTP/9\r\n\r\n",
        f"{MARK}\r\n\r\n",
        f"GET / HTTP/1.1\r\n{MARK}\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", worker.port), timeout=10) as link:
            link.sendall(raw.encode())
            with contextlib.suppress(OSError):
                link.recv(1000)


@pytest.mark.parametrize("log_format", ["console", "json"])
def test_no_user_id_and_no_record_is_in_a_log(make_cluster: MakeCluster, log_format: str) -> None:
    """At level info: counted, late, joined, broken, looked up, and taken over after a kill."""
    cluster = make_cluster(LOG_FORMAT=log_format)
    cluster.produce(_records())
    worker = cluster.worker()
    until(lambda: len(cluster.read("dead-letters")["dead-letters"]) >= 10, "the dead letters")
    until(lambda: len(values(cluster.read("late-events")["late-events"])) >= 8, "the late events")
    worker.until_ready()
    _ask_for_everything(worker)
    worker.kill()
    worker.start()
    worker.until_ready(2)
    _ask_for_everything(worker)
    worker.signal(signal.SIGTERM)
    worker.wait()
    log = worker.log.read_text()
    assert "Worker ready" in log
    assert [] == [line for line in log.splitlines() if MARK in line]
