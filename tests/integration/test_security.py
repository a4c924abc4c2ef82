"""Kafka with passwords, certificates and permissions: all of it works, and no fault is silent."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path

import pytest

from dev.kafka import LocalKafka, Security
from dev.kafka.ports import free_port
from dev.kafka.security import make_authority, make_certificate
from tests.integration.harness import until
from tests.integration.secured import SecuredCluster, grant, permissions, secured
from tests.integration.settling import settled
from tests.integration.shop import Shop
from tests.integration.web import ask

ROLES = {
    "worker": "worker",
    "maker": "init-topics",
    "auditor": "verify, ledger, explain",
    "feeder": "load, generate",
    "reader": "tail, as-of, whatif, versions",
    "mender": "redrive",
    "doctor": "doctor",
    "releaser": "replay, diff, promote, retire",
}
LOAD = ROLES["feeder"]
USERS = {name: f"password-of-{name}" for name in (*ROLES, "forgetful")}


@pytest.fixture(scope="module")
def security(tmp_path_factory: pytest.TempPathFactory) -> Security:
    """Users, and an authority with a client's certificate."""
    made = Security(tmp_path_factory.mktemp("tls"), USERS)
    made.make()
    make_certificate(made.directory, "worker")
    return made


@pytest.fixture(scope="module")
def guarded(security: Security, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalKafka]:
    """A broker that asks who is there."""
    with LocalKafka(tmp_path_factory.mktemp("guarded"), security=security) as kafka:
        yield kafka


def as_user(cluster: SecuredCluster, user: str) -> SecuredCluster:
    """The same topics, used by another user."""
    return cluster.by(KAFKA_USERNAME=user, KAFKA_PASSWORD=USERS[user])


def of(
    guarded: LocalKafka,
    security: Security,
    directory: Path,
    protocol: str = "SASL_SSL",
    user: str = "worker",
    **more: str,
) -> SecuredCluster:
    """A cluster of a user's; with the authority's certificate where it is TLS."""
    sasl = {"KAFKA_USERNAME": user, "KAFKA_PASSWORD": USERS[user]}
    tls = {"KAFKA_CA": str(security.ca)}
    return secured(
        guarded,
        directory,
        protocol,
        **(sasl if protocol.startswith("SASL") else {}),
        **(tls if protocol.endswith("SSL") else {}),
        **more,
    )


#: A line of a web server's log.
LINE = '192.0.2.7 - - [28/Nov/2025:10:00:00 +0000] "GET / HTTP/1.1" 200 5 "-" "Mozilla/5.0"\n'


def commands(user_id: str, record: str, log: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Who runs what, in this order."""
    yield "auditor", ("verify",)
    yield "auditor", ("ledger",)
    yield "auditor", ("explain", "record", record)
    yield "feeder", ("generate", "--clicks", "100")
    yield "feeder", ("load", str(log))
    yield "reader", ("tail", "click-counts", "--from", "beginning", "--limit", "3")
    yield "reader", ("as-of", user_id, "--at", "2100-01-01T00:00:00Z")
    yield "reader", ("whatif", "--grace", "0s,2m")
    yield "mender", ("redrive", "dead-letters", "--yes", "--anyway")
    yield "doctor", ("doctor",)
    yield "releaser", ("replay", "--as", "v2", "--until-caught-up")
    yield "releaser", ("diff", "main", "v2")
    yield "releaser", ("promote", "v2", "--force")
    yield "reader", ("versions",)
    yield "releaser", ("promote", "main", "--force")
    yield "releaser", ("retire", "v2", "--yes")


def test_everything_runs_with_a_password_over_tls_and_the_listed_permissions(
    guarded: LocalKafka, security: Security, tmp_path: Path
) -> None:
    """Workers, their views and every command: each user has what SECURITY.md lists."""
    cluster = of(guarded, security, tmp_path)
    for user, role in ROLES.items():
        cluster.allow(user, role)
    as_user(cluster, "maker").init_topics()
    shop = Shop(5, cluster.partitions)
    cluster.produce([*shop.events(800), *shop.last()])
    try:
        worker = cluster.worker()
        cluster.worker()
        expected, found = settled(cluster)
        assert expected == found
        user_id = json.loads(next(iter(found["click-counts"])))[0]
        asked = [ask(worker, "counts", user_id, query="as_of=2100-01-01T00:00:00Z")]
        asked += [ask(worker, "versions")]
        assert [HTTPStatus.OK] * 2 == [answer.status for answer in asked]
        log = tmp_path / "access.log"
        log.write_text(LINE)
        runs = commands(user_id, f"{cluster.prefix}clicks-0-0", log)
        done = {words: as_user(cluster, user).command(*words) for user, words in runs}
    finally:
        cluster.kill()
    assert {} == {words: d.stdout + d.stderr for words, d in done.items() if d.returncode}
    logs = "".join(worker.log.read_text() for worker in cluster.workers)
    assert [] == [name for name, password in USERS.items() if password in logs]


@pytest.mark.parametrize(
    ("protocol", "more"),
    [
        ("SASL_PLAINTEXT", {"KAFKA_SASL_MECHANISM": "SCRAM-SHA-256"}),
        ("SASL_PLAINTEXT", {"KAFKA_SASL_MECHANISM": "PLAIN"}),
        ("SASL_SSL", {"KAFKA_SASL_MECHANISM": "PLAIN"}),
        ("SSL", {"KAFKA_CERT": "worker.pem", "KAFKA_KEY": "worker.key"}),
    ],
    ids=lambda value: value if isinstance(value, str) else next(iter(value.values())),
)
def test_a_worker_is_let_in_by_every_listener(
    guarded: LocalKafka, security: Security, tmp_path: Path, protocol: str, more: dict[str, str]
) -> None:
    """With a password proved in each way, or with a certificate; not even a debug log has it."""
    files = {n: str(security.directory / v) if "." in v else v for n, v in more.items()}
    cluster = of(guarded, security, tmp_path, protocol, **files)
    subject = "CN=worker" if protocol == "SSL" else "worker"
    for role in ("worker", "init-topics"):
        cluster.allow(subject, role)
    cluster.init_topics()
    try:
        worker = cluster.worker("worker", "-l", "debug", "--web-port", str(free_port()))
        worker.until_ready()
    finally:
        cluster.kill()
    assert USERS["worker"] not in worker.log.read_text()


@pytest.mark.parametrize("command", ["worker", "init-topics", "verify", "ledger", "generate"])
def test_a_wrong_password_is_told_in_one_sentence(
    guarded: LocalKafka, security: Security, tmp_path: Path, command: str
) -> None:
    """At once, by every command, with what to correct; the password itself is not said."""
    wrong = of(guarded, security, tmp_path).by(KAFKA_PASSWORD="not-this-one")  # noqa: S106 a wrong one
    line = only_line(wrong, command)
    assert f"Kafka at {wrong.listener} must know the user worker with this password" in line
    assert line.endswith(
        "Correct CLICKSTREAM_KAFKA_USERNAME, CLICKSTREAM_KAFKA_PASSWORD or "
        "CLICKSTREAM_KAFKA_SASL_MECHANISM."
    )
    assert "not-this-one" not in line


@pytest.mark.parametrize("command", ["worker", "init-topics", "verify", "ledger", "generate"])
def test_a_broker_that_can_not_be_trusted_is_told_in_one_sentence(
    guarded: LocalKafka, security: Security, tmp_path: Path, command: str
) -> None:
    """Its certificate is another authority's: nothing is sent to it, the password least of all."""
    make_authority(tmp_path)
    line = only_line(of(guarded, security, tmp_path).by(KAFKA_CA=str(tmp_path / "ca.pem")), command)
    assert "must show a certificate that is trusted" in line
    assert line.endswith("Set CLICKSTREAM_KAFKA_CA to the PEM file of its authority.")


def only_line(cluster: SecuredCluster, command: str) -> str:
    """What a command says that ends with a fault: one line."""
    done = cluster.command(command)
    assert 1 == done.returncode, done.stdout + done.stderr
    (line,) = done.stderr.splitlines()
    return line


@pytest.mark.parametrize(
    ("protocol", "way"),
    [("SSL", "SSL"), ("SSL", "PLAINTEXT"), ("SASL_PLAINTEXT", "PLAINTEXT")],
)
def test_a_listener_that_is_spoken_to_in_another_way_is_told(
    guarded: LocalKafka, security: Security, tmp_path: Path, protocol: str, way: str
) -> None:
    """A certificate that is missing, no TLS, no password: the broker only hangs up."""
    cluster = secured(guarded, tmp_path, protocol)
    cluster.settings["KAFKA_SECURITY"] = way
    if way == "SSL":
        cluster.settings["KAFKA_CA"] = str(security.ca)
    worker = cluster.worker()
    sentence = f"must speak {way}; it takes the connection and ends it. Correct"
    try:
        until(lambda: sentence in worker.log.read_text(), sentence)
    finally:
        cluster.kill()
    assert "Traceback" not in worker.log.read_text()


def test_what_the_user_may_not_do_is_told_with_where_it_is_listed(
    guarded: LocalKafka, security: Security, tmp_path: Path
) -> None:
    """The auditor may read, and not create topics."""
    cluster = of(guarded, security, tmp_path, user="auditor")
    done = cluster.command("init-topics")
    assert 1 == done.returncode
    assert "Traceback" not in done.stderr
    assert "uthoriz" in done.stderr, done.stderr


def test_a_load_that_may_not_remember_how_far_it_is_tells_what_to_grant(
    guarded: LocalKafka, security: Security, tmp_path: Path
) -> None:
    """In one sentence, and nothing is loaded."""
    cluster = of(guarded, security, tmp_path, user="forgetful")
    of_load = [p for p in permissions(cluster.prefix, cluster.settings["APP_ID"]) if LOAD == p.who]
    unread = [replace(p, operations=("WRITE",)) if "Topic" == p.resource else p for p in of_load]
    asyncio.run(grant(guarded.bootstrap, "forgetful", unread))
    cluster.allow("maker", "init-topics")
    as_user(cluster, "maker").init_topics()
    log = tmp_path / "access.log"
    log.write_text(LINE)
    done = cluster.command("load", str(log))
    assert (1, [""]) == (done.returncode, done.stderr.split("\n")[1:]), done.stderr
    assert "TopicAuthorizationFailed" in done.stderr
    assert "Grant what SECURITY.md lists, then run this again: it goes on" in done.stderr
    assert [] == cluster.read("clicks")["clicks"]
