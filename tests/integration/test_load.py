"""Loading into a real Kafka: every line once, whatever happens to the loader."""

import gzip
import json
import random
import re
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest

from dev.kafka import Broker
from tests.integration.places import DEADLINE_S, ROOT, Place, fresh_place, wait_until

EXCERPT = ROOT / "tests" / "data" / "access-excerpt.log"
#: Signals that a process catches, as a mask.
CAUGHT = re.compile(r"^SigCgt:\s*([0-9a-f]+)$", re.MULTILINE)

REQUEST = re.compile(rb'("[A-Z]+ [^ "]*)')


@pytest.fixture
def place(kafka: Broker, tmp_path: Path) -> Place:
    """Fresh topics."""
    return fresh_place(kafka, tmp_path / "data")


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


def test_a_load_that_is_killed_again_and_again_loads_every_line_once(
    place: Place, tmp_path: Path
) -> None:
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


@pytest.mark.parametrize("name", ["few.jsonl", "few.csv", "few.jsonl.gz"])
def test_lines_that_are_added_to_a_small_file_are_all_that_is_sent(
    place: Place, tmp_path: Path, name: str
) -> None:
    """It goes by the first line: however little there is, what follows may grow."""
    lines = [b'{"userId":"u%d","timestamp":"2026-01-01"}\n' % n for n in range(6)]
    if ".csv" in name:
        lines = [b"userId,timestamp\n", *[b"u%d,2026-01-01\n" % n for n in range(6)]]
    write = gzip.compress if name.endswith(".gz") else bytes
    file = tmp_path / name
    for end in (3, len(lines)):
        file.write_bytes(write(b"".join(lines[:end])))
        place.run("load", file, "--topic", "clicks")
    users = [json.loads(record.value)["userId"] for record in place.records("clicks")]
    assert [f"u{n}" for n in range(6)] == sorted(users)


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


def test_a_pipe_that_is_interrupted_keeps_what_came(place: Place) -> None:
    """The process ends though its standard input does not."""
    with subprocess.Popen(
        place.command("load", "-", "--topic", "clicks", "--format", "json"),
        cwd=ROOT,
        env=place.env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as loading:
        assert loading.stdin is not None
        assert loading.stdout is not None
        loading.stdin.write('{"userId":"a"}\n')
        loading.stdin.flush()
        wait_until(lambda: len(place.records("clicks")) == 1)
        loading.send_signal(signal.SIGINT)
        assert 130 == loading.wait(DEADLINE_S)
        assert "can't be resumed" in loading.stdout.read()


def listens(pid: int) -> bool:
    """Whether a process catches SIGTERM, which Python by itself does not."""
    caught = CAUGHT.search(Path(f"/proc/{pid}/status").read_text())
    return caught is not None and bool(int(caught[1], 16) >> (signal.SIGTERM - 1) & 1)


def test_a_silent_pipe_can_be_interrupted(place: Place) -> None:
    """Its first line is awaited for the format, and not for ever."""
    with subprocess.Popen(
        place.command("load", "-"),
        cwd=ROOT,
        env=place.env,
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as loading:
        wait_until(lambda: listens(loading.pid))
        loading.send_signal(signal.SIGINT)
        assert 130 == loading.wait(DEADLINE_S)
        assert loading.stderr is not None
        assert b"" == loading.stderr.read()
