"""One frame of the view: as much as fits, the most telling first."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from app.status.shape import Stage, State, Status

#: How much of everything there is at least.
LEAST_ROWS, LEAST_COLUMNS = 24, 80
#: Lines of the head, of headings and blank lines between.
_FIXED_ROWS = 10
_STYLES = {State.WORKING: "green", State.RECOVERING: "yellow", State.REBALANCING: "yellow"}
_RATES = (
    ("clicks", "clicks"),
    ("purchases", "purchases"),
    ("counted", "counted"),
    ("conversions", "conversions"),
    ("late", "late"),
    ("deadLetters", "dead"),
)
_KIB = 1024
#: Columns that a stage's name and sums take.
_SUMS_COLUMNS = 46


def frame(status: Status, rows: int, columns: int, note: str = "") -> RenderableType:
    """The cluster on so many rows and columns.

    Args:
        status: How it is.
        rows: Of the terminal.
        columns: Of the terminal.
        note: What is wrong with hearing of it.
    """
    room = max(rows, LEAST_ROWS) - _FIXED_ROWS
    parts: list[RenderableType] = [_head(status, columns), _rates(status)]
    told = [note] if note else []
    lines = _problems([*told, *status.problems], columns)[: max(2, room // 4)]
    parts += lines
    room -= len(lines)
    stages = _stages(status, columns)
    parts += [Text(""), stages]
    room -= stages.row_count
    workers = min(len(status.workers), max(1, room // 3))
    parts += [Text(""), _workers(status, workers)]
    room -= workers
    windows = min(len(status.windows), max(0, room))
    parts += [Text(""), _windows(status, windows)]
    return Group(*parts)


def _head(status: Status, columns: int) -> Text:
    text = Text(f"{status.app_id} ", style="bold")
    text.append(status.state.value, style=f"bold {_STYLES.get(status.state, 'red')}")
    behind = status.event_time_lag_seconds
    heard = f"  stream time {status.stream_time or 'none yet'}"
    if behind is not None and status.stream_time:
        heard += f", {span(behind)} behind"
    text.append(heard)
    lag = "?" if status.lag is None else f"{status.lag:,}"
    text.append(f"  lag {lag}")
    if not status.balanced:
        text.append("  ledger broken", style="bold red")
    if status.missing:
        text.append(f"  {len(status.missing)} partitions missing", style="bold red")
    text.truncate(columns, overflow="ellipsis")
    return text


def _rates(status: Status) -> Table:
    table = _table("", *(name for _, name in _RATES))
    table.add_row("a second", *(f"{status.rates.get(key, 0):,.1f}" for key, _ in _RATES))
    table.add_row("in all", *(f"{status.totals.get(key, 0):,}" for key, _ in _RATES))
    return table


def _problems(problems: Sequence[str], columns: int) -> list[RenderableType]:
    lines = []
    for problem in problems:
        text = Text(f"! {problem}", style="bold yellow", no_wrap=True)
        text.truncate(columns, overflow="ellipsis")
        lines.append(text)
    return list(lines)


def _stages(status: Status, columns: int) -> Table:
    """Lag of each stage, then of its partitions side by side."""
    table = _table("stage", "records/s", "commit ms", "lag", "of each partition")
    table.columns[-1].justify = "left"
    table.columns[-1].no_wrap = True
    table.columns[-1].overflow = "ellipsis"
    by_stage: dict[str, list[Stage]] = {}
    for stage in status.stages:
        by_stage.setdefault(stage.stage, []).append(stage)
    for name, parts in by_stage.items():
        commits = [part.commit_ms for part in parts if part.commit_ms is not None]
        commit = f"{sum(commits) / len(commits):,.0f}" if commits else "-"
        lag = sum(part.lag or 0 for part in parts)
        each = Text(" ").join(_lag(part) for part in sorted(parts, key=lambda p: p.partition))
        each.truncate(columns - _SUMS_COLUMNS, overflow="ellipsis")
        rate = sum(part.records_per_second for part in parts)
        table.add_row(name, f"{rate:,.0f}", commit, f"{lag:,}", each)
    return table


def _lag(stage: Stage) -> Text:
    style = "" if stage.state is State.WORKING else "bold yellow"
    return Text("?" if stage.lag is None else short(stage.lag), style=style)


def _workers(status: Status, count: int) -> Table:
    table = _table("worker", "state", "partitions", "memory", "rebalances")
    for worker in status.workers[:count]:
        owned = sum(map(len, worker.partitions.values()))
        memory = "-" if worker.memory_bytes is None else f"{worker.memory_bytes / _KIB**2:,.0f} MiB"
        state = Text(worker.state.value, style=_STYLES.get(worker.state, "bold red"))
        table.add_row(worker.url, state, str(owned), memory, str(worker.rebalances))
    return table


def _windows(status: Status, count: int) -> Table:
    table = _table("window", "state", "clicks", "users", "late")
    for window in status.windows[:count]:
        table.add_row(
            f"{window.window_start} to {window.window_end[11:]}",
            window.state,
            f"{window.clicks:,}",
            f"{window.users:,}",
            f"{window.late:,}",
        )
    return table


def _table(*names: str) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False, padding=(0, 2, 0, 0))
    for number, name in enumerate(names):
        table.add_column(name, justify="right" if number else "left", no_wrap=True)
    return table


def short(count: int) -> str:
    """A count in at most five characters."""
    for unit in ("", "k", "M", "G"):
        if count < 10_000:  # noqa: PLR2004 four digits
            return f"{count}{unit}"
        count //= 1000
    return f"{count}T"


def span(seconds: float) -> str:
    """A length of time in its largest unit."""
    for length, unit in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if seconds >= 2 * length:
            return f"{seconds / length:,.0f} {unit}"
    return f"{seconds:,.1f} s"
