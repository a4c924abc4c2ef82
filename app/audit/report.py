"""The result as a table for people."""

from rich.console import Console
from rich.table import Table

from app.audit.comparisons import Line
from app.audit.result import Result


def show(console: Console, result: Result) -> None:
    """Print the table, examples, notes and the final sentence."""
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("compared")
    for name in ("expected", "found", "missing", "extra", "duplicated"):
        table.add_column(name, justify="right")
    for line in result.lines:
        table.add_row(*_cells(line), style="bold red" if line.differences else "")
    console.print(table)
    for title, texts in (("Differences", result.examples), ("Notes", result.notes)):
        if texts:
            console.print(f"\n[bold]{title}[/]")
        for text in texts:
            console.print(f"  {text}", markup=False, highlight=False, soft_wrap=True)
    console.print(f"\n{_sentence(result)}", highlight=False)


def _cells(line: Line) -> list[str]:
    wrong = (line.missing, line.extra, line.duplicated)
    counts = [f"{count:,}" for count in (line.expected, line.found)]
    return [line.stage, *counts, *(f"{count:,}" if count else "-" for count in wrong)]


def _sentence(result: Result) -> str:
    traffic = f"{result.clicks:,} clicks and {result.purchases:,} purchases"
    took = f"({result.seconds:.1f} s)"
    if not (wrong := result.differences):
        return f"[bold green]{traffic}: all {result.numbers:,} numbers are right.[/] {took}"
    noun = "difference" if wrong == 1 else "differences"
    return f"[bold red]{traffic}: {wrong:,} {noun} in {result.numbers:,} numbers.[/] {took}"
