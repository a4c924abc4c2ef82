"""The dashboard of a real worker, in a real browser."""

import http.client
import json
from http import HTTPStatus
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from tests.browser.driver import chromium, opened
from tests.integration.conftest import MakeCluster
from tests.integration.harness import Worker, until
from tests.integration.settling import settled
from tests.integration.shop import Shop


def get(worker: Worker, path: str) -> tuple[int, Any]:
    """A worker's answer: status and JSON."""
    connection = http.client.HTTPConnection("127.0.0.1", worker.port, timeout=30)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def answered(worker: Worker, path: str) -> Any:
    """A worker's JSON, once no partition that it needs is moving."""
    until(lambda: get(worker, path)[0] != HTTPStatus.SERVICE_UNAVAILABLE, f"{path} to be answered")
    status, body = get(worker, path)
    assert HTTPStatus.OK == status, body
    return body


def test_the_page_shows_what_the_workers_say(make_cluster: MakeCluster, tmp_path: Path) -> None:
    """The whole cluster's figures, and a user's windows and conversions, from either worker."""
    cluster = make_cluster()
    workers = [cluster.worker(), cluster.worker()]
    traffic = Shop(5, cluster.partitions)
    cluster.produce([*traffic.events(2_000), *traffic.last()])
    for worker in workers:
        worker.until_ready()
    settled(cluster)
    status = answered(workers[0], "/status")
    user = status["conversions"][0]["userId"]
    windows = answered(workers[0], f"/counts/{user}")["windows"]
    bought = answered(workers[0], f"/conversions/{user}")["conversions"]
    assert windows
    assert bought
    for worker in workers:
        url = f"http://127.0.0.1:{worker.port}/#user={user}"
        with chromium() as browser, opened(browser, url) as page:
            expect(page.locator("#state")).to_have_text("working", timeout=30_000)
            expect(page.locator("#workers tbody tr")).to_have_count(2)
            expect(page.locator(".cell")).to_have_count(4 * cluster.partitions)
            expect(page.locator(".cell.owner-none")).to_have_count(0)
            expect(page.locator(".figure[data-tone]")).to_have_text("balances")
            expect(page.locator("#windows tbody tr")).to_have_count(len(status["windows"]))
            expect(page.locator("rect.mark")).to_have_count(len(windows))
            expect(page.locator(".mark.conversion")).to_have_count(len(bought))
            expect(page.locator("#leaders tbody tr")).to_have_count(10)
            page.screenshot(path=tmp_path / f"dashboard-{worker.port}.png", full_page=True)
