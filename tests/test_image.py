"""Dockerfile and .dockerignore, as far as they can be checked without an image."""

import ast
import tomllib
from pathlib import Path

import click
import pytest

import app.bootstrap  # noqa: F401 it registers the commands
from dev.kafka.jars import ROOT
from tests.containers import DOCKERFILE, SERVICES, WORKERS, entry_point, exec_form, parse

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_the_image_runs_a_worker_by_default() -> None:
    """As every worker of the compose file does."""
    default = exec_form("CMD")
    parse([*entry_point(), *default])
    assert [default, default] == [SERVICES[worker]["command"] for worker in WORKERS]


@pytest.mark.parametrize("command", [["works"], ["worker", "--no-such-option"]])
def test_the_parser_notices_a_slip(command: list[str]) -> None:
    """A command or an option that Faust has not is an error."""
    with pytest.raises(click.UsageError):
        parse([*entry_point(), *command])


def test_the_image_holds_every_package_that_the_application_imports() -> None:
    """From `app` on, whatever is imported of this checkout is copied, and let through."""
    assert "app" in copied()
    assert imported("app") <= copied()


def test_what_the_image_copies_is_let_through() -> None:
    """.dockerignore shuts out everything but these."""
    rules = (ROOT / ".dockerignore").read_text().splitlines()
    assert {f"!{name}" for name in copied()} == {rule for rule in rules if rule.startswith("!")}
    assert [] == [name for name in copied() if not (ROOT / name).exists()]


def test_the_project_lists_the_packages_that_the_image_copies() -> None:
    """Setuptools installs what it finds under these names."""
    names = PROJECT["tool"]["setuptools"]["packages"]["find"]["include"]
    assert {name for name in names if "." not in name} == {
        n for n in copied() if (ROOT / n).is_dir()
    }


def copied() -> set[str]:
    """What the Dockerfile copies out of the checkout."""
    copies = [words[1:-1] for words in DOCKERFILE if words[0] == "COPY"]
    return {name.rstrip("/") for words in copies if "--from" not in words[0] for name in words}


def imported(package: str, known: frozenset[str] = frozenset()) -> set[str]:
    """The packages of this checkout that one of them needs, itself too."""
    needed = {package}
    for name in packages_named_in(ROOT / package) - known - needed:
        needed |= imported(name, known | needed)
    return needed


def packages_named_in(directory: Path) -> set[str]:
    """The checkout's packages that are imported under a directory."""
    nodes = [node for p in directory.rglob("*.py") for node in ast.walk(ast.parse(p.read_text()))]
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)]
    return {top for top in (name.split(".")[0] for name in names) if (ROOT / top).is_dir()}


def test_the_image_runs_the_python_that_the_project_is_tested_on() -> None:
    """And nobody in it is root."""
    assert {"python:3.11-slim"} == {w[1] for w in DOCKERFILE if w[0] == "FROM" and ":" in w[1]}
    assert ">=3.11,<3.12" == PROJECT["project"]["requires-python"]
    assert [["USER", "clickstream"]] == [words for words in DOCKERFILE if words[0] == "USER"]
