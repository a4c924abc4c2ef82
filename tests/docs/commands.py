"""The commands of a shell block, and what kind each is."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from itertools import zip_longest

from tests.docs.markdown import Block, Page

#: What changes the shell for the commands behind it.
_SHELL = {"export", "unset", "cd", "."}
_OURS = ["faust", "-A", "app"]
#: Commands of ours that change something; all others only read.
_WRITING = {"load", "generate", "init-topics", "redrive", "reset", "promote", "retire", "snapshot"}


class Kind(Enum):
    """How a command is run."""

    SHELL = auto()
    MAKE = auto()
    COMPOSE = auto()
    BACKGROUND = auto()
    READING = auto()
    OTHER = auto()


@dataclass(frozen=True, slots=True)
class Command:
    """A command of a page.

    Attributes:
        text: As it stands there, its lines joined.
        line: Number of its line in the page.
        code: Exit code it ends with.
        output: The block that shows what it prints, if there is one.
        stops: What background commands begin with that end before it.
    """

    text: str
    line: int
    code: int = 0
    output: Block | None = None
    stops: str | None = None

    @property
    def words(self) -> list[str]:
        """Its words, without variables that are set before it."""
        words = shlex.split(self.text, comments=True)
        while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
            words.pop(0)
        return words

    @property
    def kind(self) -> Kind:
        """How it is run."""
        words = self.words
        if words[0] in _SHELL:
            return Kind.SHELL
        if words[0] == "make":
            return Kind.MAKE
        if words[:2] == ["docker", "compose"]:
            return Kind.COMPOSE
        if words[:3] == _OURS and not self.code:
            return self._kind_of_ours(words[3:])
        return Kind.READING if words[0] == "curl" else Kind.OTHER

    @staticmethod
    def _kind_of_ours(words: list[str]) -> Kind:
        if _runs_on(words):
            return Kind.BACKGROUND
        return Kind.OTHER if words[0] in _WRITING else Kind.READING

    @property
    def is_curl(self) -> bool:
        """Whether an answer of the web views is all that it prints."""
        return self.words[0] == "curl" and "|" not in self.words


def _runs_on(words: list[str]) -> bool:
    ends = {"tail": "--limit", "replay": "--until-caught-up"}
    return words[0] == "worker" or (words[0] in ends and ends[words[0]] not in words)


def lines_of(block: Block) -> Iterator[tuple[str, int]]:
    """The commands of a block with their line numbers; comments and empty lines left out."""
    text, first = "", 0
    for number, line in enumerate(block.text.splitlines(), block.line + 1):
        text, first = (f"{text}{line.strip()}", first) if text else (line.strip(), number)
        if text.endswith("\\"):
            text = text[:-1]
        elif text and not text.startswith("#"):
            yield text, first
            text = ""
        else:
            text = ""


def commands_of(page: Page) -> Iterator[Command | Block]:
    """A page's commands, and the blocks that are files, in order."""
    blocks = page.blocks
    for block, follower in zip_longest(blocks, blocks[1:]):
        if block.marked("file"):
            yield block
        elif block.language == "sh" and not block.marked("not run"):
            yield from _commands(block, follower)


def _commands(block: Block, follower: Block | None) -> Iterator[Command]:
    lines = list(lines_of(block))
    shown = follower is not None and follower.language in {"text", "json"} and not follower.marks
    for number, (text, line) in enumerate(lines, 1):
        last = number == len(lines)
        yield Command(
            text,
            line,
            int(block.marked("exit") or 0) if last else 0,
            follower if last and shown else None,
            block.marked("stop") if number == 1 else None,
        )
