"""The container files, read: what their tests share."""

from collections.abc import Sequence
from typing import Any

import click
import yaml
from faust.cli.faust import cli

from dev.kafka.jars import ROOT

COMPOSE_TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(COMPOSE_TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
WORKERS = ("worker-1", "worker-2")
APP_SERVICES = ("topics", *WORKERS)

DOCKERFILE = [
    line.split()
    for line in (ROOT / "Dockerfile").read_text().replace("\\\n", " ").splitlines()
    if line and not line.startswith("#")
]
"""The words of each instruction."""


def entry_point() -> list[str]:
    """What stands before a service's command."""
    return exec_form("ENTRYPOINT")


def exec_form(instruction: str) -> list[str]:
    """The words of the Dockerfile's ENTRYPOINT or CMD."""
    words = next(words for words in DOCKERFILE if words[0] == instruction)
    return [str(word) for word in yaml.safe_load(" ".join(words[1:]))]


def parse(words: Sequence[str]) -> None:
    """Parse a command line of Faust and run nothing; UsageError if it can't be."""
    program, option, app, name, *arguments = words
    assert ("faust", "-A", "app") == (program, option, app)
    group = click.Context(cli, info_name=program)
    command = cli.get_command(group, name)
    if command is None:
        raise click.UsageError(f"no such command: {name}")
    command.make_context(name, arguments, parent=group)
