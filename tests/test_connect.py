"""deploy/connect: the sink connectors fit the topics, their tables and each other."""

import json
import re

import pytest

from app.topics import OUTPUTS
from dev.kafka.jars import ROOT
from models.timestamps import iso

CONNECT = ROOT / "deploy/connect"
CONNECTORS: dict[str, dict[str, str]] = {
    path.stem: json.loads(path.read_text()) for path in sorted(CONNECT.glob("*.json"))
}
SQL = (CONNECT / "tables.sql").read_text()
MESSAGES = (ROOT / "docs/reference/messages.md").read_text()
COLUMNS = {
    "string": "text",
    "int64": "bigint",
    "double": "double precision",
    "timestamp": "timestamptz",
}
"""PostgreSQL's types by Connect's."""


def documented(topic: str) -> dict[str, str]:
    """The fields that a topic's records always have, and what each is."""
    section = MESSAGES.partition(f"## {topic}\n")[2].partition("\n## ")[0]
    return dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", section, re.MULTILINE))


def columns_of(table: str) -> dict[str, str]:
    """A table's columns with their types."""
    (body,) = re.findall(rf"CREATE TABLE {table} \((.*?)\n\);", SQL, re.DOTALL)
    return dict(re.findall(r"^    ([a-z_]+) ([a-z ]+) NOT NULL", body, re.MULTILINE))


def transformed(config: dict[str, str]) -> dict[str, str]:
    """The fields that the sink is given, after all transforms, with their types."""
    schema = json.loads(config["value.converter.schema.content"])
    fields = {field["field"]: field["type"] for field in schema["fields"]}
    for alias in config["transforms"].split(","):
        given = {
            name.removeprefix(f"transforms.{alias}."): value
            for name, value in config.items()
            if name.startswith(f"transforms.{alias}.")
        }
        if "field" in given:
            assert "string" == fields[given["field"]]
            fields[given["field"]] = given["target.type"].lower()
        else:
            names = dict(pair.split(":") for pair in given["renames"].split(","))
            assert names.keys() <= fields.keys()
            fields = {names.get(name, name): kind for name, kind in fields.items()}
    return fields


def test_connectors_read_the_topics_that_there_are() -> None:
    """Committed records only; each configuration is as Connect's REST interface takes it."""
    assert {"click-counts", "conversion-events"} == set(CONNECTORS)
    assert set(CONNECTORS) <= set(OUTPUTS)
    for topic, config in CONNECTORS.items():
        assert topic == config["topics"]
        assert "read_committed" == config["consumer.override.isolation.level"]
        assert {str} == {type(value) for value in config.values()}


@pytest.mark.parametrize("topic", CONNECTORS)
def test_the_schema_of_a_connector_is_that_of_its_messages(topic: str) -> None:
    """All fields but objects, which the sink can't take; whole numbers are, others are not."""
    schema = json.loads(CONNECTORS[topic]["value.converter.schema.content"])
    fields = {field["field"]: field["type"] for field in schema["fields"]}
    told = documented(topic)
    kinds = {"whole number": "int64", "number": "double"}
    assert fields == {
        name: kinds.get(kind, "string") for name, kind in told.items() if kind != "object"
    }
    assert ("struct", {False}) == (schema["type"], {f["optional"] for f in schema["fields"]})


@pytest.mark.parametrize("topic", CONNECTORS)
def test_what_a_connector_writes_are_the_columns_of_its_table(topic: str) -> None:
    """By name and type; and every time is one."""
    config = CONNECTORS[topic]
    expected = {name: COLUMNS[kind] for name, kind in transformed(config).items()}
    assert expected == columns_of(config["table.name.format"])
    times = [name for name, kind in documented(topic).items() if kind == "timestamp out"]
    made = [
        value for name, value in config.items() if re.fullmatch(r"transforms\.\w+\.field", name)
    ]
    assert sorted(times) == sorted(made)


@pytest.mark.parametrize("topic", CONNECTORS)
def test_a_record_that_comes_twice_is_one_row(topic: str) -> None:
    """Connect delivers at least once: the sink replaces by the table's own key."""
    config = CONNECTORS[topic]
    (key,) = re.findall(
        rf"CREATE TABLE {config['table.name.format']} .*?PRIMARY KEY \(([\w, ]+)\)", SQL, re.DOTALL
    )
    assert key.split(", ") == config["pk.fields"].split(",")
    assert ("upsert", "record_value") == (config["insert.mode"], config["pk.mode"])


def test_the_format_of_times_is_that_of_the_outputs() -> None:
    """As Java writes it: ISO-8601 in UTC with milliseconds and Z."""
    pattern = r"transforms\.\w+\.format"
    formats = {
        value
        for config in CONNECTORS.values()
        for name, value in config.items()
        if re.fullmatch(pattern, name)
    }
    assert {"yyyy-MM-dd'T'HH:mm:ss.SSSX"} == formats
    assert "2025-11-28T10:00:00.123Z" == iso(1_764_324_000_123)
