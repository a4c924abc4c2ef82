"""Inputs in the wire format of a schema registry, against a real one."""

import io
import json
import struct
from collections.abc import Iterator
from typing import Any

import fastavro
import pytest

from dev.registry import LocalRegistry
from tests.integration.conftest import MakeCluster
from tests.integration.harness import Cluster, Event, until, values
from tests.integration.shop import START_MS

CLICK = {
    "type": "record",
    "name": "Click",
    "fields": [
        {"name": "userId", "type": "string"},
        {"name": "timestamp", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "page", "type": ["null", "string"], "default": None},
    ],
}
PURCHASE = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "type": "object",
    "properties": {"orderId": {"type": "string"}},
    "required": ["userId", "productId", "timestamp", "orderId"],
}
#: No registry gives it to a schema of a test.
UNKNOWN = 987_654


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRegistry]:
    """A registry for all tests of this module."""
    with LocalRegistry(tmp_path_factory.mktemp("registry")) as registry:
        yield registry


def avro(schema_id: int, user: str, event_ms: int = START_MS, before: bytes = b"") -> bytes:
    """A click as Confluent's serializer writes it; before it, the number of a union's branch."""
    out = io.BytesIO()
    click = {"userId": user, "timestamp": event_ms, "page": "/avro"}
    fastavro.schemaless_writer(out, fastavro.parse_schema(CLICK), click)
    return struct.pack(">bi", 0, schema_id) + before + out.getvalue()


def wired(schema_id: int, value: dict[str, object]) -> bytes:
    """A JSON value as Confluent's serializer writes it."""
    return struct.pack(">bi", 0, schema_id) + json.dumps(value).encode()


def users(cluster: Cluster, topic: str) -> set[str]:
    """Of the records of an inner topic."""
    return {value["userId"] for value in values(cluster.read(topic)[topic])}


def letters(cluster: Cluster) -> dict[str, tuple[bytes, str]]:
    """Value and message of the dead letters, by code."""
    found: list[Any] = cluster.read("dead-letters")["dead-letters"]
    heads = [
        (record.value, {name: text.decode() for name, text in record.headers}) for record in found
    ]
    return {head["code"]: (value, head["message"]) for value, head in heads}


def test_records_wait_for_a_registry_that_is_down_and_others_do_not(
    make_cluster: MakeCluster, registry: LocalRegistry
) -> None:
    """Nothing is dead-lettered, and the log says what is waited for; then all come out."""
    clicks = registry.register("clicks-value", CLICK)
    orders = registry.register("purchases-value", PURCHASE, "JSON")
    click = {"name": "Click", "subject": "clicks-value", "version": 1}
    several = registry.register("several-value", ["null", "Click"], references=[click])
    cluster = make_cluster(SCHEMA_REGISTRY=registry.url, PARTITIONS="2")
    plain = json.dumps({"userId": "plain", "timestamp": START_MS}).encode()
    registry.freeze()
    cluster.produce([Event("clicks", 0, avro(clicks, "avro")), Event("clicks", 1, plain)])
    worker = cluster.worker()
    until(lambda: users(cluster, "enriched-clicks") == {"plain"}, "the other partition")
    until(lambda: "schema registry must answer" in worker.log.read_text(), "the log")
    assert {} == letters(cluster)
    registry.thaw()
    until(lambda: users(cluster, "enriched-clicks") == {"plain", "avro"}, "the waiting record")
    assert {} == letters(cluster)
    assert "The schema registry answers again" in worker.log.read_text()
    _refuses_what_does_not_fit(cluster, clicks, orders)
    cluster.produce([Event("clicks", 1, avro(several, "several", before=b"\2"))])
    until(lambda: "several" in users(cluster, "enriched-clicks"), "the click of a union")
    _is_audited(cluster)
    _is_examined(cluster, registry)


def _refuses_what_does_not_fit(cluster: Cluster, clicks: int, orders: int) -> None:
    """One unknown schema and one misfit; what comes behind them is read."""
    order = {"userId": "json", "productId": "p", "timestamp": START_MS, "orderId": "o-1"}
    misfit = wired(orders, order | {"orderId": 7})
    cluster.produce(
        [
            Event("purchases", 0, wired(orders, order)),
            Event("purchases", 1, misfit),
            Event("clicks", 0, avro(UNKNOWN, "nobody")),
            Event("clicks", 0, avro(clicks, "next", START_MS + 1)),
        ]
    )
    until(lambda: users(cluster, "purchases-by-user") == {"json"}, "the purchase")
    until(lambda: "next" in users(cluster, "enriched-clicks"), "the click behind the unknown one")
    until(lambda: len(letters(cluster)) == 2, "two dead letters")
    found = letters(cluster)
    assert {"unknown_schema", "schema_mismatch"} == found.keys()
    assert (misfit, avro(UNKNOWN, "nobody")) == (
        found["schema_mismatch"][0],
        found["unknown_schema"][0],
    )
    assert str(UNKNOWN) in found["unknown_schema"][1]


def _is_audited(cluster: Cluster) -> None:
    """A recount that reads the registry itself finds no difference; letters stay what they are."""
    verified = cluster.command("verify")
    assert 0 == verified.returncode, verified.stdout + verified.stderr
    planned = json.loads(cluster.command("redrive", "dead-letters", "--json").stdout)
    codes = ("schema_mismatch", "unknown_schema")
    assert {f"a dead letter again: {code}": 1 for code in codes} == planned["heldBack"]
    explained = cluster.command("explain", "record", f"{cluster.prefix}clicks-0-0")
    assert "of the schema registry" in explained.stdout


def _is_examined(cluster: Cluster, registry: LocalRegistry) -> None:
    """The doctor says whether it answers."""
    answers = f"The schema registry at {registry.url} answers."
    assert ("well", answers) in _findings(cluster)
    cluster.settings["SCHEMA_REGISTRY"] = registry.url.removesuffix("/v7")
    ((level, text),) = [found for found in _findings(cluster) if "registry" in found[1]]
    assert ("wrong", True) == (level, "must answer at" in text)


def _findings(cluster: Cluster) -> list[tuple[str, str]]:
    done = cluster.command("doctor", "--read-only", "--json")
    return [(found["level"], found["text"]) for found in json.loads(done.stdout)["findings"]]
