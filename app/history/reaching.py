"""The history of an application: its file, and filling it up to now."""

import os
from collections.abc import Callable
from pathlib import Path

from app.audit.logs import Logs, open_logs
from app.history.filling import Filling
from app.history.store import History
from app.settings import Settings
from app.topics import CLICKS, PURCHASES, topic_name

#: Whose histories there are: the worker's, and that of commands.
HISTORIES = WORKERS, COMMANDS = "worker", "commands"
#: Memory that DuckDB takes in a command before it writes to the disk beside its file.
_COMMAND_MEMORY = "1GB"
#: In a worker, beside its stages, and how many threads may scan.
_WORKER_MEMORY = "512MB"
_WORKER_THREADS = 2


def path_of(settings: Settings, name: str) -> Path:
    """The file of a command's or a worker's history."""
    return settings.directory / "history" / f"{settings.identity}-{name}.duckdb"


def history_of(settings: Settings, path: Path, *, worker: bool = False) -> History:
    """Open a history.

    Raises:
        HistoryError: Another process has it open, or it can't be written.
    """
    constants: dict[str, str | bool] = {
        "clicks_topic": topic_name(settings, CLICKS),
        "purchases_topic": topic_name(settings, PURCHASES),
        "rank_pages": False,
    }
    threads = min(_WORKER_THREADS, cores()) if worker else cores()
    memory = _WORKER_MEMORY if worker else _COMMAND_MEMORY
    return History(path, constants, {"memory_limit": memory, "threads": threads})


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0))


async def catch_up(
    settings: Settings,
    history: History,
    proceed: Callable[[], None],
    doing: Callable[[int, int], object],
    say: Callable[[str], None],
) -> None:
    """Connect, and fill a history up to the logs' ends; see :func:`fill`.

    Args:
        settings: Of the application.
        history: What is filled.
        proceed: Called between fetches; raises to end.
        doing: Told how many records of how many have been read.
        say: Tells a person what is being waited for.
    """
    async with open_logs(settings.connection, proceed, say) as logs:
        await fill(settings, history, logs, doing, sure=True)


async def fill(
    settings: Settings,
    history: History,
    logs: Logs,
    doing: Callable[[int, int], object],
    *,
    sure: bool,
) -> None:
    """Fill a history up to the logs' ends.

    Args:
        settings: Of the application.
        history: What is filled.
        logs: Where from.
        doing: Told how many records of how many have been read.
        sure: Also look whether logs without anything new are still the same.
    """

    def topic(short: str) -> str:
        return topic_name(settings, short)

    await Filling(history, logs, topic, doing).fill(sure=sure)
