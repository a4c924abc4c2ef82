"""The web views are as their OpenAPI document says, whatever they are asked, and however."""

import http.client
import json
import time
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import jsonschema
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi import checks

from app.views.openapi import description
from dev.kafka import Broker
from tests.integration.harness import Cluster, Event, Worker, until
from tests.integration.strange_requests import HEADERS, HOSTS, NOT_HTTP, RAW
from tests.integration.web import SECONDS, Answer, ask, ask_raw

USERS = ("user-1", "{x}", "..", "a/b", "100%", "%2F", "\0", "ü" * 128)

SCHEMA = schemathesis.openapi.from_dict(description())
#: What never ends can't be read to its end: the test of the events is another.
BOUNDED = SCHEMA.exclude(path="/events")

#: Values for the variables of paths that are answered with 200.
KNOWN = {
    "{table}": "click-counts",
    "{key}": "user-1",
    "{userId}": "user-1",
    "{file}": "index.html",
    "{topic}": "click-counts",
    "{version}": "1",
}
_OF_USER = (
    "/table/{table}/{key}/",
    "/counts/{userId}",
    "/conversions/{userId}",
    "/clicks/{userId}",
)


@pytest.fixture(scope="module")
def workers(kafka: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Worker]]:
    """Two workers that have a window and a click of each user, and a pending purchase."""
    cluster = Cluster(kafka.bootstrap, tmp_path_factory.mktemp("contract"))
    cluster.init_topics()
    made = [cluster.worker(), cluster.worker()]
    now_ms = time.time_ns() // 1_000_000
    values = [{"userId": user, "productId": "p", "timestamp": now_ms} for user in USERS]
    try:
        for topic in ("clicks", "purchases"):
            cluster.produce(Event(topic, 0, json.dumps(value).encode()) for value in values)
        until(lambda: all(_known(worker) for worker in made), "every user to be known")
        yield made
    finally:
        cluster.kill()


def _known(worker: Worker) -> bool:
    views = (("counts",), ("conversions",), ("clicks",), ("table", "join-state"))
    try:
        return all(
            ask(worker, *view, user).status == HTTPStatus.OK for view in views for user in USERS
        )
    except OSError:  # it does not listen yet
        return False


@BOUNDED.parametrize()
@settings(
    max_examples=50,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_answers_are_as_described(case: schemathesis.Case[Any], workers: list[Worker]) -> None:
    """Status, content type and body; with valid paths and others, headers, queries, methods."""
    for worker in workers:
        url = f"http://127.0.0.1:{worker.port}"
        # That an id is unknown is no fault of the request's: 404 is right for it.
        case.call_and_validate(
            base_url=url, timeout=SECONDS, excluded_checks=[checks.positive_data_acceptance]
        )


@pytest.mark.parametrize("path", _OF_USER)
def test_rows_of_known_users_are_as_described(workers: list[Worker], path: str) -> None:
    """Those that another worker has, too."""
    operation = SCHEMA[path]["GET"]
    for worker in workers:
        for user in (user for user in USERS if user != ".."):  # which this client resolves itself
            key = quote(user, safe="")
            values = {"table": "join-state", "key": key, "userId": key}
            named = {name: value for name, value in values.items() if f"{{{name}}}" in path}
            answer = operation.Case(path_parameters=named).call(
                base_url=f"http://127.0.0.1:{worker.port}"
            )
            assert HTTPStatus.OK == answer.status_code
            operation.validate_response(answer)


@pytest.mark.parametrize("by", ["users", "products", "pages"])
def test_windows_and_rankings_are_as_described(workers: list[Worker], by: str) -> None:
    """Of a window that has clicks: the one that is open."""
    for worker in workers:
        url = f"http://127.0.0.1:{worker.port}"
        start = ask(worker, "windows").json["windows"][0]["windowStart"]
        operation = SCHEMA["/windows/{start}"]["GET"]
        window = operation.Case(path_parameters={"start": start}).call(base_url=url)
        operation.validate_response(window)
        operation = SCHEMA["/top"]["GET"]
        top = operation.Case(query={"by": by, "window": start}).call(base_url=url)
        operation.validate_response(top)
        assert [HTTPStatus.OK] * 2 == [window.status_code, top.status_code]
        # The views' clicks are on a product, and on no page.
        assert (by != "pages") == bool(top.json()["top"])


def test_all_that_is_described_is_there(workers: list[Worker]) -> None:
    """With a slash at the end of the path or without one, of the type that is described."""
    start = ask(workers[0], "windows").json["windows"][0]["windowStart"]
    query = f"window={start}"  # no window is closed yet
    for path, views in SCHEMA.raw_schema["paths"].items():
        if path == "/events" or "get" not in views:
            continue
        parts = [(KNOWN | {"{start}": start}).get(part, part) for part in path.split("/") if part]
        answer = ask(workers[0], *parts, query=query if path == "/top" else "")
        assert HTTPStatus.OK == answer.status
        assert answer.content_type in views["get"]["responses"]["200"]["content"]


def test_events_are_the_status_as_described(workers: list[Worker]) -> None:
    """A retry first, then a status each second."""
    connection = http.client.HTTPConnection("127.0.0.1", workers[0].port, timeout=SECONDS)
    connection.request("GET", "/events")
    answer = connection.getresponse()
    assert "text/event-stream" == answer.headers.get_content_type()
    assert [b"retry: 1000\n", b"\n"] == [answer.readline(), answer.readline()]
    for _ in range(2):
        assert b"event: status\n" == answer.readline()
        status = json.loads(answer.readline().removeprefix(b"data: "))
        jsonschema.validate(
            status,
            {"$ref": "#/components/schemas/Status", "components": description()["components"]},
        )
        assert b"\n" == answer.readline()
    connection.close()


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "QUERY"])
def test_views_are_read_only(workers: list[Worker], method: str) -> None:
    """405 in JSON, whatever is sent along, and a HEAD is answered as a GET without its body."""
    for user in USERS:
        for worker in workers:
            for path in (("table", "click-counts", user), ("counts", user), ("windows",)):
                refused = ask(worker, *path, method=method)
                assert HTTPStatus.METHOD_NOT_ALLOWED == refused.status
                assert "application/json" == refused.content_type
                head = ask(worker, *path, method="HEAD")
                assert Answer(HTTPStatus.OK, "application/json", b"") == head


@pytest.mark.parametrize(("request_bytes", "statuses"), RAW.values(), ids=RAW.keys())
def test_strange_requests_get_a_clear_status(
    workers: list[Worker], request_bytes: bytes, statuses: set[HTTPStatus]
) -> None:
    """400 where it is no HTTP, in text; else JSON; never 500, never silence."""
    for worker in workers:
        answer = ask_raw(worker, request_bytes)
        assert answer.status in statuses
        expected = "text/plain" if answer.status in NOT_HTTP else "application/json"
        assert expected == answer.content_type


_USERS_ROWS = b"GET /table/click-counts/user-1/ HTTP/1.1\r\nConnection: close\r\n"


@pytest.mark.parametrize("lines", HEADERS.values(), ids=HEADERS.keys())
def test_strange_headers_change_no_answer(workers: list[Worker], lines: bytes) -> None:
    """Whether this worker has the rows, or asks another: each passes on no more than the path."""
    expected = [ask(worker, "table", "click-counts", "user-1").json for worker in workers]
    assert expected == [_rows(worker, lines) for worker in workers]


@pytest.mark.parametrize("line", HOSTS.values(), ids=HOSTS.keys())
def test_requests_for_another_host_are_misdirected(workers: list[Worker], line: bytes) -> None:
    """In JSON: these workers listen to this machine alone, and have no token."""
    for worker in workers:
        answer = ask_raw(worker, _USERS_ROWS + line + b"\r\n")
        assert HTTPStatus.MISDIRECTED_REQUEST == answer.status
        assert "CLICKSTREAM_WEB_TOKEN" in answer.json["error"]


def _rows(worker: Worker, lines: bytes) -> Any:
    answer = ask_raw(worker, _USERS_ROWS + lines + b"\r\n")
    assert HTTPStatus.OK == answer.status
    return answer.json


def test_workers_are_alive_after_all_that(workers: list[Worker]) -> None:
    """And nothing of it was an error of the server's."""
    for worker in workers:
        assert worker.alive
        assert HTTPStatus.OK == ask(worker).status
        assert "Unhandled exception" not in worker.log.read_text()
