"""The workers' health check in docker-compose.yml, run."""

import http.server
import re
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from app.bootstrap import create_app
from app.settings import Settings
from app.views import routes
from dev.kafka.ports import HOST, free_port
from dev.kafka.security import make_authority
from tests.containers import SERVICES, WORKERS


@pytest.mark.parametrize(
    ("status", "exit_code"),
    [(HTTPStatus.OK, 0), (HTTPStatus.NOT_FOUND, 1), (HTTPStatus.SERVICE_UNAVAILABLE, 1)],
)
def test_a_worker_is_healthy_when_its_web_view_answers(status: int, exit_code: int) -> None:
    """The very command of the health check, against a server that answers so."""
    with serving(status) as port:
        assert exit_code == check_health(port)


def test_a_worker_that_refuses_connections_is_unhealthy() -> None:
    """Nobody listens."""
    assert 1 == check_health(free_port())


def test_no_proxy_stands_between_a_worker_and_its_health_check() -> None:
    """Docker may hand a proxy on to every container."""
    with serving(HTTPStatus.OK) as port:
        assert 0 == check_health(port, {"http_proxy": f"http://{HOST}:{free_port()}"})


def test_a_worker_with_a_certificate_is_asked_over_tls(tmp_path: Path) -> None:
    """For whatever name it is: the health check asks 127.0.0.1."""
    make_authority(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "ca.pem", tmp_path / "ca.key")
    with serving(HTTPStatus.OK, context) as port:
        assert 0 == check_health(port, {"CLICKSTREAM_WEB_CERT": "cert.pem"})


def test_the_health_check_asks_for_a_view_that_every_worker_has() -> None:
    """It needs no token, and is at the port that the container publishes."""
    url = urlsplit(health_url())
    assert url.path in routes(create_app(Settings()))
    ports = {SERVICES[worker]["ports"][0].split(":")[-1] for worker in WORKERS}
    assert {str(url.port)} == ports


def health_url() -> str:
    """What the workers' health check asks for."""
    found = re.search(r"://[^']+", SERVICES[WORKERS[0]]["healthcheck"]["test"][-1])
    assert found is not None
    return f"http{found[0]}"


def check_health(port: int, environment: dict[str, str] | None = None) -> int:
    """The exit code of the workers' health check, asking another port."""
    kind, program, option, code = SERVICES[WORKERS[0]]["healthcheck"]["test"]
    assert ("CMD", "python") == (kind, program)
    elsewhere = code.replace(f":{urlsplit(health_url()).port}/", f":{port}/")
    command = [sys.executable, option, elsewhere]
    return subprocess.run(command, env=environment, capture_output=True, check=False).returncode


@contextmanager
def serving(status: int, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """Answer every GET of the health check's path with the status; yield the port."""
    path = urlsplit(health_url()).path

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == path else HTTPStatus.BAD_REQUEST)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with http.server.HTTPServer((HOST, 0), Handler) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()
