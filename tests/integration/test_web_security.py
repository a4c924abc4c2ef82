"""Workers whose web views ask for a token and speak TLS, and what their logs tell."""

import http.client
import json
import socket
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import pytest

from dev.kafka import Broker
from dev.kafka.security import make_authority, make_certificate
from tests.integration.harness import Cluster, Event, Worker, until

TOKEN = "a-token-of-the-tests-5f3a"  # noqa: S105 of the tests
USERS = tuple(f"user-{number}" for number in range(12))


@dataclass(frozen=True)
class Guarded:
    """Two workers with a token and certificates, and who they are checked by."""

    cluster: Cluster
    workers: list[Worker]
    ca: Path

    def ask(self, worker: Worker, path: str, token: str | None = TOKEN) -> tuple[int, bytes]:
        """Ask over TLS, whose certificate must be the authority's."""
        context = ssl.create_default_context(cafile=str(self.ca))
        link = http.client.HTTPSConnection("127.0.0.1", worker.port, timeout=10, context=context)
        try:
            sent = {"Authorization": f"Bearer {token}"} if token else {}
            link.request("GET", path, headers=sent)
            answer = link.getresponse()
            return answer.status, answer.read()
        finally:
            link.close()


@pytest.fixture(scope="module")
def guarded(kafka: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """Two such workers, which have a window of each user."""
    tls = tmp_path_factory.mktemp("tls")
    make_authority(tls)
    make_certificate(tls, "worker")
    (tls / "token").write_text(f"{TOKEN}\n")
    settings = {
        "WEB_TOKEN_FILE": str(tls / "token"),
        "WEB_CERT": str(tls / "worker.pem"),
        "WEB_KEY": str(tls / "worker.key"),
        "WEB_CA": str(tls / "ca.pem"),
    }
    cluster = Cluster(kafka.bootstrap, tmp_path_factory.mktemp("guarded"), settings)
    cluster.init_topics()
    made = Guarded(cluster, [cluster.worker(), cluster.worker()], tls / "ca.pem")
    now_ms = time.time_ns() // 1_000_000
    values = [{"userId": user, "timestamp": now_ms} for user in USERS]
    try:
        cluster.produce(Event("clicks", 0, json.dumps(value).encode()) for value in values)
        until(lambda: all(_knows_all(made, worker) for worker in made.workers), "every user")
        yield made
    finally:
        cluster.kill()


def _path(user: str) -> str:
    return f"/table/click-counts/{user}/"


def _knows_all(made: Guarded, worker: Worker) -> bool:
    try:
        return all(made.ask(worker, _path(user))[0] == HTTPStatus.OK for user in USERS)
    except OSError:  # it does not listen yet
        return False


def test_workers_ask_each_other_with_the_token_over_tls(guarded: Guarded) -> None:
    """Each worker answers for all users, though each has some of them only."""
    answers = [[guarded.ask(w, _path(user)) for user in USERS] for w in guarded.workers]
    assert answers[0] == answers[1]
    assert {HTTPStatus.OK} == {status for status, _ in answers[0]}
    status, body = guarded.ask(guarded.workers[0], "/status")
    assert HTTPStatus.OK == status
    assert TOKEN.encode() not in body


@pytest.mark.parametrize("path", [_path("user-1"), "/table/", "/ledger", "/status", "/metrics"])
def test_without_the_token_no_worker_tells_any_data(guarded: Guarded, path: str) -> None:
    """401, for another token too."""
    for worker in guarded.workers:
        for token in (None, TOKEN[:-1], TOKEN.upper()):
            status, body = guarded.ask(worker, path, token)
            assert HTTPStatus.UNAUTHORIZED == status
            assert b"Authorization: Bearer" in body


def test_a_worker_is_asked_how_it_is_without_the_token(guarded: Guarded) -> None:
    """By a supervisor, which holds no secrets."""
    assert HTTPStatus.OK == guarded.ask(guarded.workers[0], "/health", token=None)[0]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1])
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_old_tls_is_refused(guarded: Guarded, version: ssl.TLSVersion) -> None:
    """1.2 or newer, even for clients that would take less."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(guarded.ca)
    context.minimum_version = context.maximum_version = version
    context.set_ciphers("ALL:@SECLEVEL=0")
    where = ("127.0.0.1", guarded.workers[0].port)
    with socket.create_connection(where, timeout=10) as link, pytest.raises(ssl.SSLError):
        context.wrap_socket(link, server_hostname="127.0.0.1")


def test_the_token_is_in_no_log_and_what_is_no_tls_leaves_no_trace(guarded: Guarded) -> None:
    """Nor are the users; plain HTTP to the port is ended and not logged."""
    for worker in guarded.workers:
        with socket.create_connection(("127.0.0.1", worker.port), timeout=10) as link:
            link.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert not link.recv(1)
        log = worker.log.read_text()
        assert TOKEN not in log
        assert [] == [user for user in USERS if user in log]
        assert "Traceback" not in log


def test_who_listens_to_others_without_a_token_is_warned(kafka: Broker, tmp_path: Path) -> None:
    """Also where the command line says where to listen; on this machine alone, there is nothing."""
    cluster = Cluster(kafka.bootstrap, tmp_path)
    cluster.init_topics()
    try:
        wide = cluster.worker("worker", "-l", "info", "--web-bind", "0.0.0.0")  # noqa: S104
        wide.command += ("--web-port", str(wide.port))
        wide.kill()
        wide.start()
        alone = cluster.worker()
        for worker in (wide, alone):
            worker.until_ready()
    finally:
        cluster.kill()
    warning = "may read the web views, users' data among them. Set CLICKSTREAM_WEB_TOKEN"
    assert [True, False] == [warning in _words(worker) for worker in (wide, alone)]


def _words(worker: Worker) -> str:
    return " ".join(worker.log.read_text().split())
