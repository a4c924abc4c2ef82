"""Markdown pages, as far as the tests read them."""

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dev.kafka.jars import ROOT

#: With the comments right before it; indented in a list.
_FENCE = re.compile(
    r"^(?P<marks>(?: *<!-- [^\n]+? -->\n)*)(?P<indent> *)```(?P<language>\w*)\n"
    r"(?P<text>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)
_MARK = re.compile(r"<!-- (.+) -->")
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"`[^`\n]+`")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block.

    Attributes:
        language: What stands behind the fence.
        text: Its lines.
        line: Number of its fence's line in the page.
        marks: The HTML comments on the lines right before it, each as ``name: rest``.
    """

    language: str
    text: str
    line: int
    marks: tuple[str, ...] = ()

    def marked(self, name: str) -> str | None:
        """What a comment says under this name."""
        parts = (mark.partition(": ") for mark in self.marks)
        return next((rest for found, _, rest in parts if found == name), None)


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the documentation.

    Attributes:
        path: Where it is.
        text: All of it.
    """

    path: Path
    text: str

    @property
    def name(self) -> str:
        """Its path in the checkout."""
        return str(self.path.relative_to(ROOT))

    @property
    def blocks(self) -> list[Block]:
        """Its fenced blocks."""
        return [
            Block(
                match["language"],
                textwrap.dedent(match["text"]),
                self.text.count("\n", 0, match.start("language")) + 1,
                tuple(_MARK.findall(match["marks"])),
            )
            for match in _FENCE.finditer(self.text)
        ]

    @property
    def prose(self) -> str:
        """The page without its fenced blocks."""
        return _FENCE.sub("", self.text)

    def links(self) -> Iterator[str]:
        """Targets of its links and pictures."""
        yield from _LINK.findall(_CODE.sub("", self.prose))

    def anchors(self) -> set[str]:
        """Anchors of its headings, as GitHub makes them."""
        return {anchor(heading) for heading in _HEADING.findall(self.prose)}


def anchor(heading: str) -> str:
    """A heading's anchor: small letters, no punctuation, dashes for blanks."""
    text = _LINK.sub(lambda match: match[0][1:].partition("]")[0], heading)
    return re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")


def page(path: Path) -> Page:
    """Read a page."""
    return Page(path, path.read_text())


def pages() -> list[Page]:
    """All pages: README.md, and docs to any depth."""
    return [page(path) for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]]
