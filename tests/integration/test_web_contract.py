"""The web views are as docs/openapi.yaml says, whatever they are asked, and however."""

import json
import time
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi import checks

from dev.kafka import Broker
from tests.integration.harness import Cluster, Event, Worker, until
from tests.integration.web import SECONDS, Answer, ask, ask_raw

USERS = ("user-1", "{x}", "..", "a/b", "100%", "%2F", "\0", "ü" * 128)

SCHEMA = schemathesis.openapi.from_path(Path(__file__).parents[2] / "docs" / "openapi.yaml")

_ROWS = "/table/{table}/{key}/"
_END = b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


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
        cluster.stop()


def _known(worker: Worker) -> bool:
    asked = ((table, user) for table in ("click-counts", "join-state") for user in USERS)
    try:
        return all(ask(worker, "table", *path).status == HTTPStatus.OK for path in asked)
    except OSError:  # it does not listen yet
        return False


@SCHEMA.parametrize()
@settings(
    max_examples=100,
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


@pytest.mark.parametrize("table", ["click-counts", "join-state"])
def test_rows_of_known_users_are_as_described(workers: list[Worker], table: str) -> None:
    """Those that another worker has, too."""
    operation = SCHEMA[_ROWS]["GET"]
    for worker in workers:
        for user in (user for user in USERS if user != ".."):  # which this client resolves itself
            key = quote(user, safe="")
            case = operation.Case(path_parameters={"table": table, "key": key})
            answer = case.call(base_url=f"http://127.0.0.1:{worker.port}")
            assert HTTPStatus.OK == answer.status_code
            operation.validate_response(answer)


def test_every_view_is_described(workers: list[Worker]) -> None:
    """What a worker routes, apart from the views with pages of their own, is in the document."""
    described = set(SCHEMA.raw_schema["paths"])
    for path in described:
        parts = [part for part in path.split("/") if part]
        known = {"{table}": "click-counts", "{key}": "user-1"}
        answer = ask(workers[0], *(known.get(part, part) for part in parts))
        assert (HTTPStatus.OK, "application/json") == (answer.status, answer.content_type)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "QUERY"])
def test_views_are_read_only(workers: list[Worker], method: str) -> None:
    """405 in JSON, whatever is sent along, and a HEAD is answered as a GET without its body."""
    for user in USERS:
        for worker in workers:
            refused = ask(worker, "table", "click-counts", user, method=method)
            assert HTTPStatus.METHOD_NOT_ALLOWED == refused.status
            assert "application/json" == refused.content_type
            head = ask(worker, "table", "click-counts", user, method="HEAD")
            assert Answer(HTTPStatus.OK, "application/json", b"") == head


#: Requests that no polite client sends, and the statuses that are an answer to them.
NOT_HTTP = {HTTPStatus.BAD_REQUEST}
NOT_FOUND = {HTTPStatus.NOT_FOUND}
FOUND = {HTTPStatus.OK}
RAW: dict[str, tuple[bytes, set[HTTPStatus]]] = {
    "percent alone": (b"GET /table/click-counts/%/" + _END, NOT_FOUND),
    "percent with one digit": (b"GET /table/click-counts/%4/" + _END, NOT_FOUND),
    "percent with no digits": (b"GET /table/click-counts/%zz/" + _END, NOT_FOUND),
    "percent twice": (b"GET /table/click-counts/%%/" + _END, NOT_FOUND),
    "not UTF-8, encoded": (b"GET /table/click-counts/%ff%fe/" + _END, NOT_FOUND),
    "overlong UTF-8, encoded": (b"GET /table/click-counts/%c0%af/" + _END, NOT_FOUND),
    "surrogate, encoded": (b"GET /table/click-counts/%ed%a0%80/" + _END, NOT_FOUND),
    "UTF-16 of scripts": (b"GET /table/click-counts/%u0041/" + _END, NOT_FOUND),
    "line feed, encoded": (b"GET /table/click-counts/a%0d%0aX:1/" + _END, NOT_FOUND),
    "bytes beyond ASCII": (b"GET /table/click-counts/\xff/" + _END, NOT_HTTP),
    "NUL": (b"GET /table/click-counts/\0/" + _END, NOT_HTTP),
    "a space": (b"GET /table/click-counts/a b/" + _END, NOT_HTTP),
    "braces as they are": (b"GET /table/click-counts/{x}/" + _END, FOUND),
    "dots as they are": (b"GET /table/click-counts/../" + _END, FOUND),
    "a path up": (b"GET /table/../../etc/passwd" + _END, NOT_FOUND),
    "no slash at the end": (b"GET /table/click-counts/user-1" + _END, NOT_FOUND),
    "empty segments": (b"GET //table//click-counts//" + _END, NOT_FOUND),
    "an empty id": (b"GET /table/click-counts//" + _END, NOT_FOUND),
    "an id of 5,000 bytes": (b"GET /table/click-counts/%b/" % (b"x" * 5000) + _END, NOT_FOUND),
    "a path of 100,000 bytes": (b"GET /%b/" % (b"x" * 100_000) + _END, NOT_HTTP),
    "2,000 segments": (b"GET " + b"/a" * 2000 + _END, NOT_FOUND),
    "a query": (b"GET /table/click-counts/user-1/?a=%ff&&=;%00" + _END, FOUND),
    "a fragment": (b"GET /table/click-counts/user-1/#x" + _END, FOUND),
    "another host's URL": (b"GET http://example.org/table/click-counts/user-1/" + _END, FOUND),
    "an unknown scheme": (b"GET gopher://x/table/" + _END, FOUND | NOT_HTTP),
    "star": (b"OPTIONS *" + _END, NOT_FOUND),
    "a tunnel": (b"CONNECT example.org:443" + _END, NOT_FOUND),
    "an unknown method": (b"BREW /table/" + _END, NOT_HTTP),
    "a method in small letters": (b"get /table/" + _END, NOT_HTTP),
    "another version": (b"GET /table/ HTTP/9.9\r\nHost: x\r\n\r\n", NOT_HTTP),
    "no version, as in HTTP 0.9": (b"GET /table/\r\n\r\n", FOUND),
    "1,000 headers": (b"GET /table/ HTTP/1.1\r\n" + b"X: 1\r\n" * 1000 + b"\r\n", NOT_HTTP),
    "a header of 100,000 bytes": (
        b"GET /table/ HTTP/1.1\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
        NOT_HTTP,
    ),
    "no host": (b"GET /table/ HTTP/1.1\r\nAccept: */*\r\n\r\n", NOT_HTTP),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", NOT_HTTP),
    "rubbish": (b"\0" * 100 + b"\r\n\r\n", NOT_HTTP),
}


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
HEADERS: dict[str, bytes] = {
    "a host that is none": b"Host: [bad\r\n",
    "a host beyond ASCII": b"Host: \xff\r\n",
    "an empty host": b"Host:\r\n",
    "a value beyond ASCII": b"Host: x\r\nX-Name: \xff\xfe\r\n",
    "a value of emoji": b"Host: x\r\nX-Name: \xf0\x9f\x98\x80\r\n",
    "a body that is not sent": b"Host: x\r\nContent-Length: 10\r\n",
    "chunks that are not sent": b"Host: x\r\nTransfer-Encoding: chunked\r\n",
    "a coding of the body": b"Host: x\r\nContent-Encoding: gzip\r\n",
    "an upgrade": b"Host: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n",
    "codings that nobody knows": b"Host: x\r\nAccept-Encoding: x, y;q=9\r\n",
    "types that are none of ours": b"Host: x\r\nAccept: image/png\r\n",
    "a range": b"Host: x\r\nRange: bytes=5-2\r\n",
    "a cookie that is none": b"Host: x\r\nCookie: ;;=;\r\n",
    "100 headers of one name": b"Host: x\r\n" + b"X-Many: 1\r\n" * 100,
    "credentials": b"Host: x\r\nAuthorization: Basic \xff\r\n",
}


@pytest.mark.parametrize("lines", HEADERS.values(), ids=HEADERS.keys())
def test_strange_headers_change_no_answer(workers: list[Worker], lines: bytes) -> None:
    """Whether this worker has the rows, or asks another: each passes on no more than the path."""
    expected = [ask(worker, "table", "click-counts", "user-1").json for worker in workers]
    assert expected == [_rows(worker, lines) for worker in workers]


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
