"""Asking a worker's web views, politely and otherwise."""

import http.client
import json
import socket
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from tests.integration.harness import Worker

#: Seconds that an answer may take, whatever was asked.
SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back.

    Attributes:
        status: The status code.
        content_type: Without parameters.
        body: All of it.
        retry_after: Seconds after which to ask again, where it says so.
    """

    status: int
    content_type: str
    body: bytes
    retry_after: str | None = None

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)


def ask(worker: Worker, *path: str, method: str = "GET", query: str = "", **headers: str) -> Answer:
    """Ask for a path, given by segments; header names are written with ``_`` for ``-``."""
    connection = http.client.HTTPConnection("127.0.0.1", worker.port, timeout=SECONDS)
    quoted = "".join(f"{quote(part, safe='')}/" for part in path)
    try:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, f"/{quoted}?{query}", headers=named)
        answer = connection.getresponse()
        content_type = answer.headers.get_content_type()
        after = answer.headers.get("Retry-After")
        return Answer(answer.status, content_type, answer.read(), after)
    finally:
        connection.close()


def ask_raw(worker: Worker, request: bytes) -> Answer:
    """Send bytes as they are, and read one answer."""
    with socket.create_connection(("127.0.0.1", worker.port), timeout=SECONDS) as connection:
        connection.sendall(request)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        return Answer(answer.status, answer.headers.get_content_type(), answer.read())
