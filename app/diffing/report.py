"""A comparison for people."""

from rich.console import Console
from rich.table import Table

from app.diffing.result import Result


def show(console: Console, result: Result) -> None:
    """Print how much was compared, each kind of difference, notes and the final sentence."""
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("compared")
    for name in (*result.names, "differences"):
        table.add_column(name, justify="right")
    for line in result.lines:
        wrong = f"{line.differences:,}" if line.differences else "-"
        counts = [f"{count:,}" for count in line.found]
        table.add_row(line.thing, *counts, wrong, style="bold red" if line.differences else "")
    console.print(table)
    for kind in result.kinds:
        console.print(f"\n[bold]{kind.count:,} {kind.thing}: {kind.what}[/]", highlight=False)
        _say(console, f"  {kind.explanation}")
        for text in kind.examples:
            _say(console, f"    {text}")
    console.print()
    for note in result.notes:
        _say(console, note)
    console.print(f"\n{_sentence(result)}", highlight=False)


def _say(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def _sentence(result: Result) -> str:
    one, other = result.names
    took = f"({result.seconds:.1f} s)"
    if not (count := result.differences):
        told = f"{one} and {other} are the same in {result.compared:,} records."
        return f"[bold green]{told}[/] {took}"
    noun = "difference" if count == 1 else "differences"
    return f"[bold red]{count:,} {noun} between {one} and {other}.[/] {took}"
