"""Pages, as far as they can be checked without a Kafka."""

import re
from pathlib import Path

import pytest
import yaml

from dev.kafka.jars import ROOT
from tests.docs.commands import Command, Kind, commands_of
from tests.docs.markdown import Page, anchor, page, pages

PAGES = pages()
COMMANDS = [(p, c) for p in PAGES for c in commands_of(p) if isinstance(c, Command)]
_TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
_SERVICES = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
#: What pages use of Compose, as Docker documents it: commands and options without a value.
_COMPOSE = {
    "up": {"--build", "--detach", "--wait", "--no-deps"},
    "build": set(),
    "stop": set(),
    "run": {"--rm"},
    "logs": {"-f"},
    "ps": set(),
    "down": {"--volumes"},
}
#: Why blocks are not run. A new reason is added here, if it is a good one.
_REASONS = {
    "your log",
    "other machines",
    "only settings, of another application",
    "it changes the checkout",
    "a cluster that asks for them",
    "certificates of yours",
    "a registry of yours",
}
_INLINE_MAKE = re.compile(r"`make ([a-z-]+)[ `]")
_INLINE_COMPOSE = re.compile(r"`docker compose ([^`]+)`")


def _named(value: object) -> str:
    return value.name if isinstance(value, Page) else str(getattr(value, "text", value))[:40]


@pytest.mark.parametrize("one", PAGES, ids=_named)
def test_links_lead_somewhere(one: Page) -> None:
    """To a file of the checkout, and to a heading where they name one."""
    broken = []
    for link in one.links():
        path, _, heading = link.partition("#")
        if re.match(r"\w+:", link):
            continue
        target = (one.path.parent / path).resolve() if path else one.path
        known = heading == "" or (target.suffix == ".md" and heading in page(target).anchors())
        if path.startswith("/") or not target.exists() or not known:
            broken.append(link)
    assert [] == broken


def test_every_page_is_reached_from_the_index() -> None:
    """By a link in docs/README.md."""
    index = page(ROOT / "docs" / "README.md")
    linked = {(index.path.parent / link.partition("#")[0]).resolve() for link in index.links()}
    others = {p.path for p in PAGES} - {index.path, ROOT / "README.md"}
    assert set() == others - linked


def test_what_is_not_run_has_a_known_reason() -> None:
    """Few, and each listed."""
    reasons = [reason for p in PAGES for b in p.blocks if (reason := b.marked("not run"))]
    assert set() == set(reasons) - _REASONS
    assert len(reasons) <= 9


def test_targets_of_make_exist() -> None:
    """Those in blocks, and those in the text."""
    named = {c.words[1] for _, c in COMMANDS if c.kind is Kind.MAKE}
    named |= {target for p in PAGES for target in _INLINE_MAKE.findall(p.prose)}
    assert set() == named - _TARGETS


def test_commands_of_compose_name_services_and_known_options() -> None:
    """Those in blocks, and those in the text."""
    lines = [c.words[2:] for _, c in COMMANDS if c.kind is Kind.COMPOSE]
    lines += [line.split() for p in PAGES for line in _INLINE_COMPOSE.findall(p.prose)]
    assert lines
    wrong = []
    for line in lines:
        name, *rest = _without_profile(line)
        options = {word for word in rest if word.startswith("-")}
        services = rest[:0] if name == "run" else [w for w in rest if not w.startswith("-")]
        if not options <= _COMPOSE[name] or not set(services) <= set(_SERVICES):
            wrong.append([name, *rest])
    assert [] == wrong


def _without_profile(words: list[str]) -> list[str]:
    """A command of Compose without a profile, if some service is in that."""
    profiles = {name for service in _SERVICES.values() for name in service.get("profiles", ())}
    if words[0] == "--profile" and words[1] in profiles:
        return words[2:]
    return words


def test_marks_are_known() -> None:
    """A comment right before a block is for the tests: a slip in one would switch a check off."""
    known = {"not run", "exit", "file", "stop"}
    marks = {mark.partition(": ")[0] for p in PAGES for b in p.blocks for mark in b.marks}
    assert set() == marks - known


def test_pages_are_read_as_written(tmp_path: Path) -> None:
    """Blocks in a list, comments, joined lines, and what a command prints."""
    path = tmp_path / "page.md"
    path.write_text(
        "# A page: with `code`\n\n1. Do\n\n   <!-- stop: faust -A app worker -->\n   ```sh\n"
        "   # a comment\n   X=1 faust -A app load a \\\n       --topic clicks   # so\n"
        "   curl http://localhost:6066/\n   ```\n\n   It says:\n\n   ```json\n   {}\n   ```\n"
    )
    read = page(path)
    load, curl = (c for c in commands_of(read) if isinstance(c, Command))
    assert {"a-page-with-code"} == read.anchors()
    assert ["faust", "-A", "app", "load", "a", "--topic", "clicks"] == load.words
    assert (Kind.OTHER, 8, "faust -A app worker") == (load.kind, load.line, load.stops)
    assert (Kind.READING, None) == (curl.kind, curl.stops)
    assert curl.output is not None
    assert "{}\n" == curl.output.text


def test_anchors_are_githubs() -> None:
    """Small letters, dashes for blanks, no punctuation."""
    assert "get-countsuserid" == anchor("GET /counts/{userId}")
    assert "what-is-fausts-here" == anchor("What is Faust's here")
