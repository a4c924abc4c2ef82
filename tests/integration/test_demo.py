"""The demo as people run it: it tells the truth, and leaves nothing behind."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from dev.kafka import Broker
from tests.integration.places import ROOT

ENDED_S = 90.0
"""Seconds the demo may take to end, on a busy machine."""


@contextmanager
def demo(directory: Path, **env: str) -> Iterator[subprocess.Popen[str]]:
    """Run it with a directory of its own for temporary files."""
    process = subprocess.Popen(
        [sys.executable, "-m", "dev.demo", "--seconds", "10"],
        cwd=ROOT,
        env=os.environ | env | {"TMPDIR": str(directory), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        with process:
            yield process
    finally:
        process.kill()


def until(process: subprocess.Popen[str], pattern: str) -> re.Match[str]:
    """Read what it prints up to a line."""
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if match := re.search(pattern, line):
            return match
    raise AssertionError("".join(said))


def running(directory: Path) -> list[str]:
    """Processes that it started, and those that they did: their environment tells."""
    found = []
    for environment in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"TMPDIR={directory}\0".encode() in environment.read_bytes():
                found.append(environment.with_name("cmdline").read_text())
        except OSError:
            continue
    return found


async def topics(kafka: Broker) -> list[str]:
    """The demo's topics that are there."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    try:
        return [name for name in await admin.list_topics() if name.startswith("demo-")]
    finally:
        await admin.close()


def test_the_demo_balances_though_a_worker_is_killed(kafka: Broker, tmp_path: Path) -> None:
    """All clicks and purchases are accounted for; topics, processes and files are gone."""
    before = asyncio.run(topics(kafka))
    with demo(tmp_path, CLICKSTREAM_BROKER=kafka.url) as process:
        worker = until(process, r"Worker 1: process (\d+)")
        until(process, "curl http://127.0.0.1:")
        until(process, "Generated traffic")
        os.kill(int(worker[1]), signal.SIGKILL)
        said, _ = process.communicate(timeout=ENDED_S)
    assert 0 == process.returncode, said
    assert "Worker 1 ended unexpectedly (signal 9): it is started again" in said
    for told in ("counted", "bought", "late", "dead", "OK  clicks:", "OK  purchases:"):
        assert re.search(rf"^  {told} ", said, re.MULTILINE), said
    assert ([], []) == (running(tmp_path), list(tmp_path.iterdir()))
    assert before == asyncio.run(topics(kafka))


@pytest.mark.parametrize(
    ("moment", "own"), [("clickstream:", True), ("Two workers", True), ("Generated traffic", False)]
)
def test_ctrl_c_stops_everything(kafka: Broker, tmp_path: Path, moment: str, *, own: bool) -> None:
    """At any time, whosever Kafka it is: exit code 130, no traceback, nothing left."""
    before = asyncio.run(topics(kafka))
    with demo(tmp_path, **({} if own else {"CLICKSTREAM_BROKER": kafka.url})) as process:
        until(process, moment)
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=ENDED_S)
    assert 130 == process.returncode, said
    assert "Traceback" not in said
    assert ([], []) == (running(tmp_path), list(tmp_path.iterdir()))
    assert before == asyncio.run(topics(kafka))
