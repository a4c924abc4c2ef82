"""The JSON Schemas of the topics' records, by topic and version; published ones never change."""

import re
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

#: ``<topic>.v<version>.json``.
NAME = re.compile(r"(.+)\.v([1-9]\d*)\.json")


@cache
def published() -> dict[str, dict[int, Any]]:
    """The schemas, by the topic's short name, then by version, oldest first."""
    found: dict[str, dict[int, Any]] = {}
    for file in sorted(files(__package__).iterdir(), key=lambda file: file.name):
        if match := NAME.fullmatch(file.name):
            schema = msgspec.json.decode(file.read_bytes())
            found.setdefault(match[1], {})[int(match[2])] = schema
    return {topic: dict(sorted(versions.items())) for topic, versions in found.items()}


def latest(topic: str) -> Any:
    """The newest schema of a topic, by its short name."""
    versions = published()[topic]
    return versions[max(versions)]
