"""How far a long command is: a bar on a terminal; elsewhere a line now and then, or nothing."""

import sys
import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Column

#: Seconds between two lines where there is no terminal.
_LINE_INTERVAL_S = 5.0

#: Characters of a terminal that has room for a bar beside the counts.
_WIDE_COLUMNS = 120

#: Seconds between two redrawings on a terminal.
_DRAW_INTERVAL_S = 0.1


class Reporter:
    """Shows progress on standard error.

    Use as a context manager; ``show`` is cheap and may be called often.
    """

    def __init__(
        self, title: str, total: int | None, *, quiet: bool = False, lines: bool = True
    ) -> None:
        """Say what is being done.

        Args:
            title: Name of the work.
            total: What ``done`` grows to, or None where there is no end.
            quiet: Show nothing.
            lines: Write a line now and then where there is no terminal.
        """
        self._title = title
        self._total = total
        self._console = Console(stderr=True, quiet=quiet)
        self._quiet = quiet or not (lines or self._console.is_terminal)
        self._bar = self._new_bar() if self._console.is_terminal and not quiet else None
        self._interval_s = _DRAW_INTERVAL_S if self._bar else _LINE_INTERVAL_S
        self._next = 0.0 if self._bar else time.monotonic() + self._interval_s

    @property
    def is_bar(self) -> bool:
        """Whether a bar tells the share and the time that is left, in what room a terminal has."""
        return self._bar is not None

    def show(self, done: int, text: str) -> None:
        """Tell how far the work is.

        Args:
            done: Between 0 and the total.
            text: Counts and rate.
        """
        now = time.monotonic()
        if now < self._next or self._quiet:
            return
        self._next = now + self._interval_s
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], completed=done, text=text)
            return
        share = f" {done / self._total:4.0%}" if self._total else ""
        sys.stderr.write(f"{self._title}{share}: {text}\n")
        sys.stderr.flush()

    def begin(self, text: str) -> None:
        """Tell at once what is done next: something that may take long, and tells nothing.

        Args:
            text: What it is.
        """
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], text=text)

    def note(self, text: str) -> None:
        """Tell a person something that stays on the screen."""
        self._console.print(text, markup=False, soft_wrap=True)

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def _new_bar(self) -> Progress:
        columns: list[ProgressColumn] = [SpinnerColumn()]
        if self._total:
            columns = [TextColumn("{task.percentage:>3.0f}%"), TimeRemainingColumn()]
            if self._console.width >= _WIDE_COLUMNS:
                columns.insert(0, BarColumn())
        bar = Progress(
            TextColumn("{task.description}"),
            *columns,
            # What does not fit is cut at the text's end, and nothing before it.
            TextColumn(
                "{task.fields[text]}",
                table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis"),
            ),
            console=self._console,
            transient=True,
            expand=True,
        )
        bar.add_task(self._title, total=self._total, text="")
        return bar


class Rate:
    """Things a second since it was made."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    def of(self, count: int) -> float:
        """The mean rate of that many, a second."""
        return count / max(time.monotonic() - self._start, 1e-3)
