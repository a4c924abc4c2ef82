"""What is shown: colours and a line of progress on a terminal, plain lines elsewhere."""

import os
import sys
from collections.abc import Iterable
from textwrap import fill
from types import TracebackType
from typing import Self

from rich.box import ROUNDED
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from dev.demo.digest import Line
from dev.demo.errors import UnheardError

_WORD = 10
"""Columns of the word that a line of news begins with."""

_WIDTH = 100
"""Columns of a paragraph, and of everything where there is no terminal."""

_MARGIN = "  "


class _Console(Console):
    """A console that does not end the process in the middle of its work."""

    def on_broken_pipe(self) -> None:
        """Say no more, and let the demo clean up."""
        self.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise UnheardError("Nobody reads what the demo prints, so it has stopped")


class Screen:
    """Where the demo speaks; a context manager that gives the terminal back as it was."""

    def __init__(self) -> None:
        console = _Console(highlight=False)
        self._terminal = console.is_terminal
        self._console = console if self._terminal else _Console(highlight=False, width=_WIDTH)
        self._status = self._console.status("", spinner="dots")

    def heading(self, text: str) -> None:
        """Begin a part."""
        self._console.print()
        self._console.print(Text(text, style="bold"))

    def say(self, text: str) -> None:
        """A sentence or two."""
        self._console.print(Text(self._wrapped(text, _MARGIN)), soft_wrap=True)

    def command(self, text: str) -> None:
        """Something to copy: one line, however long."""
        self._console.print(Text(f"    {text}", style="bold"), soft_wrap=True)

    def tell(self, lines: Iterable[Line]) -> None:
        """News, cut to the terminal's width."""
        for kind, text in lines:
            line = Text.assemble(_MARGIN, (f"{kind.word:<{_WORD}}", kind.style), text)
            if self._terminal:
                self._console.print(line, no_wrap=True, overflow="ellipsis")
            else:
                self._console.print(line, soft_wrap=True)

    def progress(self, text: str) -> None:
        """What is going on, in the last line; empty where nothing is."""
        if not self._terminal:
            return
        self._status.update(Text(text, style="dim"))
        if text:
            self._status.start()
        else:
            self._status.stop()

    def table(self, rows: Iterable[tuple[str, str]]) -> None:
        """Names and values."""
        table = Table(box=ROUNDED, show_header=False, padding=(0, 1))
        table.add_column(style="bold")
        table.add_column()
        for name, value in rows:
            table.add_row(Text(name), Text(value))
        self._console.print(Padding.indent(table, len(_MARGIN)))

    def verdict(self, text: str, *, good: bool) -> None:
        """A check's result."""
        mark, style = ("OK", "bold green") if good else ("WRONG", "bold white on red")
        margin = f"{_MARGIN}{'':{len(mark)}}  "
        words = self._wrapped(text, margin)[len(margin) :]
        line = Text.assemble(_MARGIN, (mark, style), "  ", words)
        self._console.print(line, soft_wrap=True)

    def _wrapped(self, text: str, margin: str) -> str:
        return fill(
            text,
            width=min(self._console.width, _WIDTH),
            initial_indent=margin,
            subsequent_indent=margin,
            break_long_words=False,
            break_on_hyphens=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._status.stop()
