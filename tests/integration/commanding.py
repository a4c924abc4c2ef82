"""Commands run on a test's cluster, and what they say."""

import json
import time
from pathlib import Path
from typing import Any

from models.timestamps import iso
from tests.integration import launching
from tests.integration.harness import Cluster, Event, values
from tests.integration.launching import Launched


def now_ms() -> int:
    """The clock."""
    return time.time_ns() // 1_000_000


def click(partition: int, user: str, at_ms: int, **more: object) -> Event:
    """A click with a key and a header."""
    value = {"userId": user, "timestamp": iso(at_ms), **more}
    return Event("clicks", partition, json.dumps(value).encode(), user.encode(), [("h", b"\x00v")])


def said(cluster: Cluster, *arguments: str, code: int = 0) -> Any:
    """What a command says in JSON."""
    done = cluster.command(*arguments, "--json")
    assert code == done.returncode, done.stdout + done.stderr
    return json.loads(done.stdout)


def letters(cluster: Cluster) -> list[Any]:
    """All dead letters."""
    return cluster.read("dead-letters")["dead-letters"]


def headers(record: Any) -> dict[str, bytes]:
    """A record's headers by name."""
    return dict(record.headers)


def enriched(cluster: Cluster, prefix: str) -> list[str]:
    """Users of the enriched clicks whose id begins so."""
    found = values(cluster.read("enriched-clicks")["enriched-clicks"])
    return sorted(value["userId"] for value in found if value["userId"].startswith(prefix))


def started(cluster: Cluster, log: Path, *arguments: str) -> Launched:
    """A command that runs, and writes into a log."""
    env = cluster.env | {"CLICKSTREAM_DATA_DIR": str(cluster.directory / "commands")}
    with log.open("ab") as file:
        return launching.start(arguments, env, file, file)
