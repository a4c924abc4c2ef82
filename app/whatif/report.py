"""What was found, as tables and as JSON."""

from typing import Any

from rich.console import Console
from rich.table import Table

from app.whatif.found import Found
from app.whatif.rerun import Joined, Windows

#: Units that a whole number of them is told in, the longest first.
_UNITS = ((86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s"))

#: Seconds have a tenth below this.
_TENTHS_MS = 100_000


def duration(ms: int) -> str:
    """A duration as people write it: ``2m``, ``90s``, ``1m 43.2s``."""
    for unit_ms, name in _UNITS:
        if ms and ms % unit_ms == 0:
            return f"{ms // unit_ms}{name}"
    minutes, rest_ms = divmod(ms, 60_000)
    seconds = f"{rest_ms / 1000:g}s"
    return f"{minutes}m {seconds}" if minutes else seconds


def percent(share: float) -> str:
    """A share as text of three digits, however small it is."""
    return f"{share * 100:.3g}%"


def show(console: Console, found: Found) -> None:
    """Print tables and the suggestion."""
    if not any(windows.clicks for windows in found.windows):
        console.print("The logs hold no clicks: there is nothing to try settings on.")
        return
    console.print(_windows(found))
    console.print(_joined(found))
    wanted = percent(found.choice.late_share)
    for size_ms, least_ms in found.least_ms.items():
        least = duration(least_ms)
        console.print(
            f"Windows of {duration(size_ms)}: at most {wanted} late takes a grace of {least}."
        )


def _table(title: str, *names: str) -> Table:
    """A table of numbers: what does not fit beside the others goes on below, whole."""
    table = Table(title=title, title_justify="left")
    for name in names:
        table.add_column(name, justify="right", overflow="fold")
    return table


def _windows(found: Found) -> Table:
    delays = ("delay p50", "p99", "wait p50", "p99")
    table = _table("Windows", "window", "grace", "late", "share late", *delays, "open rows")
    for one in found.windows:
        table.add_row(
            duration(one.size_ms),
            duration(one.grace_ms) + (" (now)" if found.is_now(one) else ""),
            f"{one.late:,}",
            percent(one.late_share),
            *map(_seconds, one.delay_ms or (None, None)),
            *map(_seconds, one.waited_ms or (None, None)),
            f"{one.peak_rows:,}",
        )
    return table


def _joined(found: Found) -> Table:
    names = ("grace", "within", "conversions", "gained", "purchases converted", "of")
    table = _table("Clicks and purchases", *names)
    for one in found.joined:
        table.add_row(
            duration(one.grace_ms),
            duration(one.within_ms) + (" (now)" if found.is_now(one) else ""),
            f"{found.conversions(one):,}",
            f"{found.gained(one):+,}",
            f"{one.converted:,}",
            f"{one.purchases:,}",
        )
    return table


def _seconds(ms: int | None) -> str:
    if ms is None:
        return "-"
    return f"{ms / 1000:,.1f}s" if ms < _TENTHS_MS else f"{ms / 1000:,.0f}s"


def as_json(found: Found) -> dict[str, Any]:
    """All of it, times in ms."""
    return {
        "windows": [_window_json(found, one) for one in found.windows],
        "leastGraceMs": [
            {"windowMs": size_ms, "lateShare": found.choice.late_share, "graceMs": least_ms}
            for size_ms, least_ms in found.least_ms.items()
        ],
        "joined": [_joined_json(found, one) for one in found.joined],
    }


def _window_json(found: Found, one: Windows) -> dict[str, Any]:
    return {
        "windowMs": one.size_ms,
        "graceMs": one.grace_ms,
        "now": found.is_now(one),
        "clicks": one.clicks,
        "late": one.late,
        "lateShare": one.late_share,
        "delayMs": one.delay_ms,
        "waitMs": one.waited_ms,
        "closed": one.closed,
        "peakOpenRows": one.peak_rows,
    }


def _joined_json(found: Found, one: Joined) -> dict[str, Any]:
    return {
        "graceMs": one.grace_ms,
        "withinMs": one.within_ms,
        "now": found.is_now(one),
        "conversions": found.conversions(one),
        "gained": found.gained(one),
        "converted": one.converted,
        "purchases": one.purchases,
    }
