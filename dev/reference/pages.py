"""Which pages there are, and whether they are up to date."""

from collections.abc import Callable, Mapping
from pathlib import Path

from dev.kafka.jars import ROOT
from dev.reference import alerts, commands, dead_letters, metrics, settings, topics, views

REFERENCE = ROOT / "docs" / "reference"

#: By file name, what makes the page's text.
PAGES: Mapping[str, Callable[[], str]] = {
    "alerts.md": alerts.page_of_alerts,
    "commands.md": commands.page_of_commands,
    "dead-letters.md": dead_letters.page_of_dead_letters,
    "metrics.md": metrics.page_of_metrics,
    "settings.md": settings.page_of_settings,
    "topics.md": topics.page_of_topics,
    "views.md": views.page_of_views,
}


def write(directory: Path = REFERENCE) -> None:
    """Write every page."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, make in PAGES.items():
        (directory / name).write_text(make())


def stale(directory: Path = REFERENCE) -> list[str]:
    """Names of the pages that are missing, or not what the code gives."""
    return [name for name, make in PAGES.items() if _text(directory / name) != make()]


def _text(path: Path) -> str | None:
    return path.read_text() if path.exists() else None
