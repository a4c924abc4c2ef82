"""A plan and an outcome for people."""

from collections import Counter
from collections.abc import Mapping

from rich.console import Console
from rich.table import Table
from rich.text import Text

from app.redriving.plan import Plan
from app.redriving.redrive import Outcome


def show_plan(console: Console, plan: Plan, examples: int, *, anyway: bool) -> None:
    """Print what would be sent, where, and what not, and why."""
    chosen = plan.chosen(anyway=anyway)
    ways = Counter((c.source.topic, c.partition, c.how.value) for c in chosen)
    rows = {f"to {topic}-{partition}, {how}": n for (topic, partition, how), n in ways.items()}
    _table(console, {"found": plan.found} | dict(sorted(rows.items())) | _rest(plan, anyway=anyway))
    for candidate in chosen[:examples]:
        place = f"{candidate.source.topic}-{candidate.partition}"
        _line(console, f"  {candidate.source} ({candidate.why}) → {place}")
    for candidate in [] if anyway else [c for c in plan.candidates if c.doubt][:examples]:
        _line(console, f"  {candidate.source} ({candidate.why}) stays: {candidate.doubt}")
    count = len(chosen)
    noun = "record" if count == 1 else "records"
    _line(console, f"\nNothing was sent. With --yes: {count:,} {noun}.")


def show_outcome(console: Console, outcome: Outcome, *, anyway: bool) -> None:
    """Print what was sent."""
    sent = {f"sent to {topic}": count for topic, count in sorted(outcome.sent.items())}
    gone = {"not there any more": outcome.gone} if outcome.gone else {}
    _table(
        console, {"found": outcome.plan.found} | sent | gone | _rest(outcome.plan, anyway=anyway)
    )
    count = outcome.sent.total()
    noun = "record was" if count == 1 else "records were"
    _line(console, f"\n{count:,} {noun} put back.")


def _rest(plan: Plan, *, anyway: bool) -> dict[str, int]:
    rows = {"put back before": plan.done} if plan.done else {}
    rows |= {f"left out: {why}": count for why, count in plan.left_out.items()}
    if not anyway:
        rows |= {f"held back: would be {why}": count for why, count in plan.doubts.items()}
    return rows


def _table(console: Console, rows: Mapping[str, int]) -> None:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(overflow="fold")
    table.add_column(justify="right")
    for name, count in rows.items():
        table.add_row(Text(name), f"{count:,}")
    console.print(table)


def _line(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)
