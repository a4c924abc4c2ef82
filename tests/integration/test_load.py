"""Loading into a real Kafka: every line once, whatever happens to the loader."""

import asyncio
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from dev.kafka import Broker

ROOT = Path(__file__).parents[2]
EXCERPT = ROOT / "tests" / "data" / "access-excerpt.log"
PARTITIONS = 3
DEADLINE_S = 60
REQUEST = re.compile(rb'("[A-Z]+ [^ "]*)')


@dataclass(frozen=True)
class Place:
    """Topics of one test, and the environment that leads there."""

    bootstrap: str
    prefix: str
    env: dict[str, str]

    def command(self, *args: object) -> list[str]:
        """A command line of the application."""
        return [sys.executable, "-m", "faust", "-A", "app", *map(str, args)]

    def run(self, *args: object, code: int = 0, **more: Any) -> str:
        """Run a command to its end; what it says."""
        done = subprocess.run(
            self.command(*args),
            cwd=ROOT,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=DEADLINE_S,
            check=False,
            **more,
        )
        assert code == done.returncode, done.stdout
        return done.stdout

    def records(self, topic: str) -> list[Any]:
        """All committed records of a topic."""
        return asyncio.run(_read(self.bootstrap, self.prefix + topic))

    def loaded(self, topic: str) -> int:
        """How many offsets of a topic are committed."""
        return asyncio.run(_end(self.bootstrap, self.prefix + topic))


@pytest.fixture
def place(kafka: Broker, tmp_path: Path) -> Place:
    """Fresh topics."""
    prefix = f"t{uuid4().hex[:8]}-"
    env = os.environ | {
        "CLICKSTREAM_BROKER": kafka.url,
        "CLICKSTREAM_TOPIC_PREFIX": prefix,
        "CLICKSTREAM_APP_ID": f"{prefix}app",
        "CLICKSTREAM_DATA_DIR": str(tmp_path / "data"),
    }
    asyncio.run(
        _create(kafka.bootstrap, [prefix + t for t in ("clicks", "purchases", "dead-letters")])
    )
    return Place(kafka.bootstrap, prefix, env)


async def _create(bootstrap: str, topics: list[str]) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, PARTITIONS, 1) for topic in topics])
    finally:
        await admin.close()


async def _read(bootstrap: str, topic: str) -> list[Any]:
    partitions = [TopicPartition(topic, p) for p in range(PARTITIONS)]
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, isolation_level="read_committed", auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        records: list[Any] = []
        for partition in partitions:
            while await consumer.position(partition) < ends[partition]:
                for batch in (await consumer.getmany(timeout_ms=200)).values():
                    records += batch
        return records
    finally:
        await consumer.stop()


async def _end(bootstrap: str, topic: str) -> int:
    partitions = [TopicPartition(topic, p) for p in range(PARTITIONS)]
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, isolation_level="read_committed")
    await consumer.start()
    try:
        return sum((await consumer.end_offsets(partitions)).values())
    finally:
        await consumer.stop()


def long_log(path: Path, copies: int) -> int:
    """The excerpt many times over, each readable line with a query of its own; how many lines."""
    number = 0
    with path.open("wb") as file:
        for _ in range(copies):
            for line in EXCERPT.read_bytes().splitlines(keepends=True):
                number += 1
                file.write(REQUEST.sub(b"\\1?n=%d" % number, line, count=1))
    return number


def numbers(place: Place) -> Counter[str]:
    """How often each line of a long log arrived, by its number."""
    return Counter(
        json.loads(r.value)["query"].rpartition("n=")[2] for r in place.records("clicks")
    )


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for something that comes soon."""
    deadline_s = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.05)


def test_a_web_log_is_loaded_once_and_what_is_unreadable_is_a_dead_letter(place: Place) -> None:
    """A second run sends nothing, --restart all of it again."""
    assert "500 lines, 499 clicks, 0 purchases, 1 unreadable" in place.run("load", EXCERPT)
    assert "is already loaded" in place.run("load", EXCERPT)
    clicks = place.records("clicks")
    assert 499 == len(clicks)
    assert all(record.key == json.loads(record.value)["userId"].encode() for record in clicks)
    [letter] = place.records("dead-letters")
    headers = {name: text.decode() for name, text in letter.headers}
    assert EXCERPT.read_bytes().splitlines()[198] == letter.value
    assert ("access-excerpt.log:199", "not_weblog") == (headers["source"], headers["code"])
    place.run("load", EXCERPT, "--restart")
    assert 998 == len(place.records("clicks"))


def test_users_stay_in_the_partition_that_java_clients_choose(place: Place) -> None:
    """Records are keyed by userId and partitioned by murmur2."""
    lines = b"".join(b'{"userId":"user-%d"}\n' % n for n in range(50))
    file = Path(place.env["CLICKSTREAM_DATA_DIR"]).parent / "users.jsonl"
    file.write_bytes(lines)
    place.run("load", file, "--topic", "purchases")
    records = place.records("purchases")
    # Printed by kafka-clients 4.1.0: Utils.toPositive(Utils.murmur2(key)) % 3.
    expected = {b"user-0": 1, b"user-1": 2, b"user-2": 2, b"user-3": 2, b"user-4": 1, b"user-5": 1}
    assert expected == {r.key: r.partition for r in records if r.key in expected}


def test_a_load_that_is_killed_again_and_again_loads_every_line_once(place: Place, tmp_path: Path) -> None:
    """Whatever the moment of kill -9, the next run goes on behind the last transaction."""
    log = tmp_path / "access.log"
    total = long_log(log, copies=300)
    rng = random.Random(5)
    for _ in range(4):
        before = place.loaded("clicks")
        with subprocess.Popen(
            place.command("load", log), cwd=ROOT, env=place.env, stderr=subprocess.DEVNULL
        ) as loading:
            wait_until(lambda before=before: place.loaded("clicks") > before)  # type: ignore[misc]
            time.sleep(rng.random() / 4)
            loading.kill()
    assert "by an earlier run" in place.run("load", log)
    clicks = numbers(place)
    assert {1} == set(clicks.values())
    assert total - total // 500 == len(clicks)
    sources = Counter(dict(r.headers)["source"] for r in place.records("dead-letters"))
    assert {f"access.log:{n}".encode(): 1 for n in range(199, total, 500)} == sources


def test_an_interrupted_load_says_how_to_go_on_and_does(place: Place, tmp_path: Path) -> None:
    """Ctrl-C commits what was sent and exits with 130."""
    log = tmp_path / "access.log"
    total = long_log(log, copies=200)
    with subprocess.Popen(
        place.command("load", log),
        cwd=ROOT,
        env=place.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as loading:
        wait_until(lambda: place.loaded("clicks") > 0)
        loading.send_signal(signal.SIGINT)
        said, _ = loading.communicate(timeout=DEADLINE_S)
    assert 130 == loading.returncode, said
    assert "Run the same command again to go on" in said
    place.run("load", log)
    assert {1: total - total // 500} == Counter(numbers(place).values())


def test_a_file_that_changed_or_another_salt_is_refused(place: Place, tmp_path: Path) -> None:
    """Lines may be added at the end; a changed line or salt would mix two loads."""
    log = tmp_path / "access.log"
    long_log(log, copies=2)
    place.run("load", log)
    text = bytearray(log.read_bytes())
    assert "another" in place.run("load", log, "--salt", "x", code=1)
    log.write_bytes(text + EXCERPT.read_bytes())
    assert "500 clicks" not in place.run("load", log)
    assert 3 * 499 == len(place.records("clicks"))
    text[100_000] ^= 1
    log.write_bytes(text)
    assert "has changed before line" in place.run("load", log, code=1)


def test_lines_of_a_pipe_arrive_before_it_ends(place: Place) -> None:
    """A slow pipe is sent as it comes, within a second or so."""
    with subprocess.Popen(
        place.command("load", "-", "--topic", "clicks", "--format", "json"),
        cwd=ROOT,
        env=place.env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as loading:
        assert loading.stdin is not None
        loading.stdin.write('{"userId":"a"}\n{"userId":"b"}\n')
        loading.stdin.flush()
        wait_until(lambda: len(place.records("clicks")) == 2)
        said, _ = loading.communicate('{"userId":"c"}\n', timeout=DEADLINE_S)
    assert "3 clicks" in said
    assert [b"a", b"b", b"c"] == sorted(record.key for record in place.records("clicks"))


def test_generated_traffic_arrives_as_it_is_told(place: Place) -> None:
    """The counts in the last line are those in the topics; rubbish has no key."""
    said = place.run("generate", "--clicks", 20_000, "--seed", 3, "--rubbish", 0.01)
    clicks = place.records("clicks")
    assert "20,000 clicks" in said
    assert 20_000 == sum(record.key is not None for record in clicks)
    assert 100 < sum(record.key is None for record in clicks) < 300


def test_live_traffic_is_of_now(place: Place) -> None:
    """Live messages are sent at their arrival time, at the rate asked for."""
    began_ms = time.time() * 1000
    place.run("generate", "--live", "--seconds", 3, "--rate", 100, "--late", 0, "--rubbish", 0)
    clicks = place.records("clicks")
    assert 150 < len(clicks) < 500
    assert all(began_ms - 5_000 < record.timestamp < time.time() * 1000 for record in clicks)


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["load", "/no/such/file"], "FILE must be a file that can be read"),
        (
            ["load", __file__, "--topic", "clicks", "--format", "csv", "--map", "a=b"],
            "--map names columns",
        ),
        (["generate", "--live", "--start", "2025-01-01"], "Choose one"),
        (["generate", "--start", "soon"], "--start is a time"),
    ],
)
def test_faults_are_told_in_one_line(place: Place, args: list[str], told: str) -> None:
    """One sentence and exit code 1, no traceback."""
    said = place.run(*args, code=1)
    assert told in said
    assert 1 == said.count("\n")


def test_a_missing_topic_and_a_missing_broker_are_told(place: Place) -> None:
    """The remedy is named: init-topics, or a broker."""
    nowhere = Place("", "", place.env | {"CLICKSTREAM_TOPIC_PREFIX": "no-"})
    assert "init-topics" in nowhere.run("load", EXCERPT, code=1)
    nobody = Place("", "", place.env | {"CLICKSTREAM_BROKER": "kafka://127.0.0.1:1"})
    assert "A Kafka broker must answer at" in nobody.run("load", EXCERPT, code=1)
