"""What a person sees when a worker can't start, has to wait, or is asked to end."""

import asyncio
import signal
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from app.settings import Settings
from app.topics import changelog_name, topic_specs
from dev.kafka import Broker, LocalKafka
from dev.kafka.ports import free_port
from tests.integration.conftest import MakeCluster
from tests.integration.harness import Cluster, until

TOPIC = ConfigResourceType.TOPIC
INIT = "faust -A app init-topics"


def named(cluster: Cluster) -> Settings:
    """The cluster's settings, on which the names of its topics depend."""
    return Settings.model_validate({f"CLICKSTREAM_{n}": v for n, v in cluster.settings.items()})


@pytest.fixture
def bare(kafka: Broker, tmp_path: Path) -> Iterator[Cluster]:
    """A cluster without topics."""
    cluster = Cluster(kafka.bootstrap, tmp_path)
    yield cluster
    cluster.kill()


@pytest.fixture(scope="module")
def ready_made(kafka: Broker, tmp_path_factory: pytest.TempPathFactory) -> Cluster:
    """A cluster with topics, to be left as they are."""
    cluster = Cluster(kafka.bootstrap, tmp_path_factory.mktemp("ready"))
    cluster.init_topics()
    return cluster


def refusal(cluster: Cluster, command: str = "worker", port: int | None = None) -> list[str]:
    """What a command says that must refuse."""
    more = ["--web-port", str(port or free_port())] if command == "worker" else []
    done = cluster.command(command, *more)
    assert 1 == done.returncode, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    return done.stderr.splitlines()


async def administer(bootstrap: str, method: str, *resources: ConfigResource) -> Any:
    """What a method of the admin client does with configurations."""
    client = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await client.start()
    try:
        return await getattr(client, method)(list(resources))
    finally:
        await client.close()


def test_missing_topics_are_named_with_the_command_that_creates_them(bare: Cluster) -> None:
    """One line for each of the eleven, changelogs too."""
    lines = refusal(bare)
    assert 11 == len(lines)
    names = [spec.name for spec in topic_specs(named(bare))]
    assert [f"Topic {n} must exist; there is none. Run: {INIT}" for n in names] == lines


@pytest.mark.parametrize("command", ["worker", "init-topics"])
def test_another_partition_count_is_refused_topic_by_topic(
    ready_made: Cluster, command: str
) -> None:
    """Inner topics, outputs and changelogs; inputs may have any number."""
    wrong = replace(ready_made, settings=ready_made.settings | {"PARTITIONS": "6"})
    lines = refusal(wrong, command)
    assert 9 == len(lines)
    assert all("must have 6 partitions (CLICKSTREAM_PARTITIONS); it has 4." in x for x in lines)
    assert all("Set CLICKSTREAM_PARTITIONS=4" in line for line in lines)


def test_topic_with_a_wrong_configuration_is_named_with_its_remedy(
    make_cluster: MakeCluster,
) -> None:
    """A changelog that is not compacted, an inner and an output topic stamped by producers."""
    cluster = make_cluster()
    changelog = changelog_name(named(cluster), "click-counts")
    inner, output = cluster.topic("enriched-clicks"), cluster.topic("click-counts")
    large = {"max.message.bytes": "4194304"}
    stamped = large | {"message.timestamp.type": "LogAppendTime"}
    altered = [
        ConfigResource(TOPIC, changelog, configs=stamped | {"cleanup.policy": "delete"}),
        ConfigResource(TOPIC, inner, configs=large),
        ConfigResource(TOPIC, output, configs=large),
    ]
    asyncio.run(administer(cluster.bootstrap, "alter_configs", *altered))
    remedy = f"Run: kafka-configs.sh --bootstrap-server {cluster.bootstrap} --alter --topic"
    wrong = [
        (inner, "message.timestamp.type", "LogAppendTime", "CreateTime"),
        (output, "message.timestamp.type", "LogAppendTime", "CreateTime"),
        (changelog, "cleanup.policy", "compact", "delete"),
    ]
    expected = [
        f"Topic {topic} must have {key}={rule}; it has {got}. {remedy} {topic} "
        f"--add-config {key}={rule}"
        for topic, key, rule, got in wrong
    ]
    assert expected == refusal(cluster)
    assert expected == [x.removeprefix("Error: ") for x in refusal(cluster, "init-topics")]


def test_settings_out_of_bounds_or_malformed_get_a_line_each(bare: Cluster) -> None:
    """The line names the variable, shows what was written, and says the rule in its unit."""
    wrong = {
        "BROKER": (
            "kafka://localhost",
            "it is not of that form. Kafka's bootstrap servers: kafka://host",
        ),
        "PARTITIONS": ("0", "it must be at least 1."),
        "WINDOW_SIZE": ("five minutes", "a duration is seconds as a number, or text such as 90s"),
        "IDLE_TIMEOUT": ("10ms", "it must be at least 100 ms."),
        "LATE_POLICY": ("drop", "it must be 'topic', 'discard' or 'revise'."),
        "COUNT_BOTS": ("maybe", "it must be a valid boolean"),
        "WEB_HOST": ("http://me", "it is not of that form. Host name"),
    }
    bare.bootstrap = "localhost"
    bare.settings |= {name: got for name, (got, _) in wrong.items() if name != "BROKER"}
    said = {line.partition("=")[0]: line for line in refusal(bare)}
    assert {f"CLICKSTREAM_{name}" for name in wrong} == said.keys()
    for name, (got, rule) in wrong.items():
        line = said[f"CLICKSTREAM_{name}"]
        assert line.startswith(f"CLICKSTREAM_{name}={got!r} is not accepted: {rule}"), line
        assert line.endswith(f"Correct or unset CLICKSTREAM_{name}."), line


def test_variables_without_the_prefix_are_no_settings(
    bare: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PARTITIONS is another program's; an empty CLICKSTREAM_GRACE is an unset one."""
    monkeypatch.setenv("PARTITIONS", "0")
    bare.settings |= {"GRACE": ""}
    assert 11 == len(refusal(bare))


def test_web_port_that_is_taken_is_named(ready_made: Cluster) -> None:
    """It is found before anything is connected."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        (line,) = refusal(ready_made, port=port)
    assert f"must listen on 127.0.0.1:{port}; that is not possible (Address already in" in line
    assert line.endswith("Give each worker its own --web-port.")


def test_address_of_another_machine_is_refused(ready_made: Cluster) -> None:
    """192.0.2.1 is nobody's: its port is not what is wrong."""
    elsewhere = replace(ready_made, settings=ready_made.settings | {"WEB_BIND": "192.0.2.1"})
    (line,) = refusal(elsewhere)
    assert line.endswith("Set CLICKSTREAM_WEB_BIND to an address of this machine.")


def test_data_directory_that_can_not_be_written_is_named(bare: Cluster) -> None:
    """No directory can be made below a file, not even by root."""
    bare.directory /= "file"
    bare.directory.write_text("no directory")
    (line,) = refusal(bare)
    assert f"must be writable; {bare.directory}/commands is not (Not a directory, user id" in line
    assert line.endswith("Set CLICKSTREAM_DATA_DIR.")


def test_worker_ends_in_order_when_asked_and_leaves_no_lock(make_cluster: MakeCluster) -> None:
    """SIGTERM, SIGINT: exit code 0 within seconds; only while it ran was its directory taken."""
    cluster = make_cluster()
    worker = cluster.worker()
    for times, number in enumerate((signal.SIGTERM, signal.SIGINT), start=1):
        worker.until_ready(times)
        if times == 1:
            cluster.directory.joinpath("commands").symlink_to(worker.directory)
            (line,) = refusal(cluster)
            assert line.endswith("commands is another worker's. Set CLICKSTREAM_DATA_DIR.")
        began = time.monotonic()
        worker.signal(number)
        assert 0 == worker.wait(), worker.log.read_text()[-5_000:]
        assert time.monotonic() - began < 10
        assert "Traceback" not in worker.log.read_text()
        if times == 1:
            worker.start()


@pytest.mark.parametrize(
    ("command", "number", "code"),
    [([], signal.SIGINT, 0), ([], signal.SIGTERM, 0), (["init-topics"], signal.SIGINT, 130)],
)
def test_waiting_for_a_broker_ends_when_asked(
    bare: Cluster, command: list[str], number: signal.Signals, code: int
) -> None:
    """A worker did what it was asked to; a command tells its caller that it did nothing."""
    bare.bootstrap = f"127.0.0.1:{free_port()}"
    waiting = bare.worker(*command)
    until(lambda: "Waiting for it" in waiting.log.read_text(), "it to say that it waits")
    waiting.signal(number)
    assert code == waiting.wait()
    assert "Traceback" not in waiting.log.read_text()


def test_broker_that_is_down_at_the_start_is_waited_for(tmp_path: Path) -> None:
    """The worker says so once, not at each attempt, and goes on when the broker is there."""
    kafka = LocalKafka(tmp_path / "kafka")
    cluster = Cluster(kafka.bootstrap, tmp_path)
    worker = cluster.worker()
    try:
        until(lambda: "Waiting for it (0 s so far)" in worker.log.read_text(), "it to wait")
        worker.signal(signal.SIGSTOP)  # or it would look for topics before they are made
        kafka.start()
        cluster.init_topics()
        worker.signal(signal.SIGCONT)
        worker.until_ready()
    finally:
        cluster.kill()
        kafka.kill()
    said = worker.log.read_text()
    assert f"Kafka must answer at {kafka.bootstrap}; it does not" in said
    assert f"Kafka answers at {kafka.bootstrap}." in said
    assert "Unable connect" not in said.partition("Kafka answers")[0]


def test_init_topics_creates_what_is_missing_and_says_so_once(bare: Cluster) -> None:
    """Inputs too; changelogs compacted; all but the inputs stamped by the broker."""
    names = [spec.name for spec in topic_specs(named(bare))]
    first, second = bare.command("init-topics"), bare.command("init-topics")
    assert (0, f"Created {', '.join(names)}.\n") == (first.returncode, first.stdout)
    assert (0, "All topics are there.\n") == (second.returncode, second.stdout)
    asked = [ConfigResource(TOPIC, name) for name in names]
    (described,) = asyncio.run(administer(bare.bootstrap, "describe_configs", *asked))
    found = {r[3]: {entry[0]: entry[1] for entry in r[4]} for r in described.resources}
    stamped = {n for n in names if found[n]["message.timestamp.type"] == "LogAppendTime"}
    compacted = {n for n in names if found[n]["cleanup.policy"] == "compact"}
    assert {bare.topic(short) for short in ("clicks", "purchases")} == set(names) - stamped
    assert {changelog_name(named(bare), t) for t in ("click-counts", "join-state")} == compacted


def test_topics_that_kafka_refuses_to_create_end_with_its_reason(bare: Cluster) -> None:
    """Ten replicas on fewer brokers."""
    bare.settings |= {"REPLICATION_FACTOR": "10"}
    lines = refusal(bare, "init-topics")
    assert "Kafka refuses to create it" in lines[0]
    assert "eplication factor" in lines[0]
    assert lines[-1].startswith("Set CLICKSTREAM_REPLICATION_FACTOR")
