"""The page of the commands, from click's own help."""

import re

import click
from faust.cli.faust import cli

import app.bootstrap  # noqa: F401 it registers the commands
from dev.kafka.jars import ROOT
from dev.reference.markdown import block, code, page, table

_COLUMNS = 88
_INTRODUCTION = """\
`faust -A app COMMAND` runs in the virtual environment (`. .venv/bin/activate`), with the
[settings](settings.md) of the environment. Ctrl-C ends every command in order. Exit code 1 says
that something is wrong, and the message what."""

_WORKER = "worker"
_TARGET = re.compile(r"^([a-z-]+):.*?## (.*)$", re.MULTILINE)


def page_of_commands() -> str:
    """Every command of ours and Faust's worker with its help, and the targets of make."""
    context = click.Context(cli, info_name="faust -A app", max_content_width=_COLUMNS)
    context.terminal_width = _COLUMNS
    found = ((name, cli.get_command(context, name)) for name in cli.list_commands(context))
    parts = [
        part
        for name, command in found
        if command is not None and (name == _WORKER or _is_ours(command))
        for part in (f"## {name}", _help(context, name, command))
    ]
    return page("Commands", _INTRODUCTION, *parts, "## make", *_make())


def _is_ours(command: click.Command) -> bool:
    return getattr(command.callback, "__module__", "").startswith("app.")


def _help(parent: click.Context, name: str, command: click.Command) -> str:
    return block(command.get_help(click.Context(command, parent, name)))


def _make() -> tuple[str, str]:
    targets = _TARGET.findall((ROOT / "Makefile").read_text())
    said = "In the checkout; each target sets up what it needs."
    return said, table(("target", "does"), ((code(f"make {name}"), does) for name, does in targets))
