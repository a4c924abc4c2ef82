"""The service `kafka` of docker-compose.yml, for machines that have Docker and no Java."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from dev.kafka import ports
from dev.kafka.errors import KafkaError
from dev.kafka.jars import ROOT

_SERVICE = "kafka"
_START_TIMEOUT_S = 120.0
"""Seconds the broker may take to answer once its image is there."""

_POLL_S = 0.2


def works() -> bool:
    """Tell whether there is a Docker engine that answers, and its Compose."""
    if shutil.which("docker") is None:
        return False
    return _docker("info").returncode == 0 and _docker("compose", "version").returncode == 0


@contextmanager
def running() -> Iterator[str]:
    """Bring the service up where it does not run yet, yield its `host:port`, stop what was begun.

    Raises:
        KafkaError: Compose failed, or the broker does not answer.
    """
    was_up = bool(_compose("ps", "-q", "--status", "running", _SERVICE).strip())
    try:
        _compose("up", "-d", _SERVICE)
        yield _wait_until_it_answers()
    finally:
        if not was_up:
            _compose("stop", _SERVICE)


def _wait_until_it_answers() -> str:
    port = int(os.environ.get("CLICKSTREAM_KAFKA_PORT", "9092"))
    deadline_s = time.monotonic() + _START_TIMEOUT_S
    while not ports.answers(ports.HOST, port):
        if time.monotonic() > deadline_s:
            msg = f"the service {_SERVICE} of docker-compose.yml does not answer on port {port}"
            raise KafkaError(f"{msg}: see `docker compose logs {_SERVICE}`")
        time.sleep(_POLL_S)
    return f"{ports.HOST}:{port}"


def _compose(*arguments: str) -> str:
    """Run docker compose in the checkout and return what it printed."""
    done = _docker("compose", *arguments)
    if done.returncode != 0:
        command = " ".join(("docker compose", *arguments))
        raise KafkaError(f"`{command}` failed (exit code {done.returncode}):\n{done.stderr}")
    return done.stdout


def _docker(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["docker", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
