"""The local Kafka itself: what the other integration tests stand on."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from dev.kafka import Broker, KafkaError, LocalKafka, resolve_broker
from dev.kafka.errors import PortError, StartError
from dev.kafka.jars import ROOT
from dev.kafka.ports import HOST, answers, free_port

TOPIC = "visits"
PARTITION = TopicPartition(TOPIC, 0)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalKafka]:
    """A broker of this module's own, with one topic."""
    with LocalKafka(tmp_path_factory.mktemp("kafka")) as broker:
        asyncio.run(create_topic(broker.bootstrap))
        yield broker


async def create_topic(bootstrap: str) -> None:
    """Create the topic, with one partition."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(TOPIC, num_partitions=1, replication_factor=1)])
    finally:
        await admin.close()


async def write(bootstrap: str, value: bytes) -> None:
    """Write one record in a transaction."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, transactional_id="writer")
    await producer.start()
    try:
        async with producer.transaction():
            await producer.send_and_wait(TOPIC, value, partition=0)
    finally:
        await producer.stop()


async def read(bootstrap: str, count: int) -> list[bytes]:
    """Read the topic's first committed records."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, isolation_level="read_committed")
    await consumer.start()
    try:
        consumer.assign([PARTITION])
        await consumer.seek_to_beginning(PARTITION)
        return [(await consumer.getone()).value for _ in range(count)]
    finally:
        await consumer.stop()


def test_records_survive_a_restart_and_a_kill_on_the_same_port(own: LocalKafka) -> None:
    """What was committed is read again after an orderly stop and after a kill -9."""
    bootstrap = own.bootstrap
    asyncio.run(write(bootstrap, b"1"))
    own.restart()
    asyncio.run(write(bootstrap, b"2"))
    own.kill()
    assert not answers(HOST, own.port)
    own.start()
    asyncio.run(write(bootstrap, b"3"))
    assert [b"1", b"2", b"3"] == asyncio.run(read(bootstrap, 3))
    assert bootstrap == own.bootstrap


def test_a_running_broker_does_not_start_twice(own: LocalKafka) -> None:
    """The error names the process."""
    with pytest.raises(KafkaError, match=f"runs as process {own.pid}"):
        own.start()


def test_a_broker_is_out_of_reach_of_the_terminal_of_its_parent(own: LocalKafka) -> None:
    """Ctrl-C goes to the terminal's foreground group; the broker leads a session of its own."""
    assert own.pid is not None
    assert own.pid == os.getsid(own.pid)
    assert os.getsid(0) != own.pid


def test_a_taken_port_is_an_error_that_names_it(tmp_path: Path) -> None:
    """It is found before anything is started."""
    with socket.create_server((HOST, 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(PortError, match=rf"port {port} of .* another process"):
            LocalKafka(tmp_path, port).start()
    assert [] == list(tmp_path.iterdir())


def test_a_broker_that_does_not_start_shows_the_end_of_its_log(tmp_path: Path) -> None:
    """Data that is no directory can't be formatted, and Kafka's own words say so."""
    (tmp_path / "data").write_text("no directory")
    with pytest.raises(StartError, match=r"could not format .*data.*\n.*data"):
        LocalKafka(tmp_path).start()


def test_the_foreground_broker_says_in_one_sentence_that_its_port_is_taken() -> None:
    """`make kafka` twice: the second one tells."""
    with socket.create_server((HOST, 0)) as server:
        done = run_cli(str(server.getsockname()[1]))
    assert 1 == done.returncode
    assert 1 == len(done.stderr.splitlines())
    assert "choose another" in done.stderr


def test_the_foreground_broker_refuses_a_port_that_is_none() -> None:
    """The sentence names the setting."""
    done = run_cli("kafka")
    assert 1 == done.returncode
    assert "CLICKSTREAM_KAFKA_PORT is a number" in done.stderr


def run_cli(port: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m dev.kafka` where it ends of itself."""
    return subprocess.run(
        [sys.executable, "-m", "dev.kafka"],
        cwd=ROOT,
        env=os.environ | {"CLICKSTREAM_KAFKA_PORT": port},
        capture_output=True,
        text=True,
        check=False,
    )


def test_resolving_uses_the_broker_that_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """CLICKSTREAM_BROKER wins, with or without its scheme, and nothing is started."""
    for named in ("kafka://a:1,b:2", "a:1,b:2"):
        monkeypatch.setenv("CLICKSTREAM_BROKER", named)
        with resolve_broker() as broker:
            assert Broker("a:1,b:2") == broker
            assert "kafka://a:1,b:2" == broker.url


def test_without_any_kafka_resolving_ends_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """One sentence, exit code 1."""
    monkeypatch.delenv("CLICKSTREAM_BROKER", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemExit, match="set CLICKSTREAM_BROKER") as ended, resolve_broker():
        pass
    assert isinstance(ended.value.code, str)


def test_a_terminated_process_takes_its_broker_along() -> None:
    """SIGTERM unwinds resolve_broker: no Java process stays behind."""
    program = (
        "import time; from dev.kafka import resolve_broker\n"
        "with resolve_broker() as broker: print(broker.bootstrap, flush=True); time.sleep(60)"
    )
    environment = {k: v for k, v in os.environ.items() if k != "CLICKSTREAM_BROKER"}
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        host, port = process.stdout.readline().decode().strip().split(":")
        assert answers(host, int(port))
        process.send_signal(signal.SIGTERM)
        assert 128 + signal.SIGTERM == process.wait(timeout=30)
    assert not answers(host, int(port))


def test_a_free_port_lies_below_those_of_outgoing_connections() -> None:
    """A client that dials a broker that is down must not take its port."""
    assert 20_000 <= free_port() <= 32_000
