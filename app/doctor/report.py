"""The findings for people, and for machines."""

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from app.doctor.findings import Finding, Level, worst

_MARKS = {
    Level.WELL: ("✓", "green"),
    Level.ODD: ("!", "bold yellow"),
    Level.WRONG: ("✗", "bold red"),
}


def show(console: Console, findings: Sequence[Finding]) -> None:
    """Print each with its mark and what to do, then a sentence on all."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column(width=1)
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for finding in findings:
        mark, style = _MARKS[finding.level]
        told = Text(finding.text)
        if finding.remedy:
            told.append(f"\n→ {finding.remedy}", style="italic")
        table.add_row(Text(mark, style=style), finding.area, told)
    console.print(table)
    console.print(f"\n{sentence(findings)}", highlight=False)


def sentence(findings: Sequence[Finding]) -> str:
    """What comes of it all."""
    counts = {level: sum(f.level is level for f in findings) for level in Level}
    if counts[Level.WRONG]:
        things = "thing is" if counts[Level.WRONG] == 1 else "things are"
        return f"{counts[Level.WRONG]} {things} wrong, {counts[Level.ODD]} odd."
    if counts[Level.ODD]:
        things = "thing is" if counts[Level.ODD] == 1 else "things are"
        return f"Nothing is wrong; {counts[Level.ODD]} {things} odd."
    return "All is well."


def as_json(findings: Sequence[Finding]) -> dict[str, Any]:
    """For machines."""
    return {
        "ok": worst(findings) is not Level.WRONG,
        "findings": [
            {"area": f.area, "level": f.level.value, "text": f.text, "remedy": f.remedy}
            for f in findings
        ],
    }
