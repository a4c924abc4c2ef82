"""What the commands about the past are asked, checked; and their history."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from aiokafka.errors import KafkaError

from app.commands.console import Interrupt
from app.history.errors import HistoryError
from app.history.past import Moment
from app.history.reaching import COMMANDS, catch_up, history_of, path_of
from app.history.store import History
from app.inputs.cluster import told
from app.inputs.progress import Reporter
from app.settings import Settings
from models.timestamps import to_ms

#: What files of windows are called, and DuckDB's name of their form.
_FORMS = {".csv": "csv", ".jsonl": "json"}


@dataclass(frozen=True, slots=True)
class Asked:
    """A question about the past.

    Attributes:
        user: About whom; empty for everybody.
        moment: When.
    """

    user: bytes
    moment: Moment


def asked_of(user: str | None, at: str, *, known: bool) -> Asked:
    """The question in a command's arguments.

    Raises:
        HistoryError: The time is none.
    """
    try:
        at_ms = to_ms(int(at) if at.isdecimal() else at)
    except ValueError:
        raise HistoryError(
            f"--at is ISO-8601 text or epoch milliseconds; got {at!r}. Write it as "
            "2025-01-01T10:00:00Z."
        ) from None
    return Asked((user or "").encode(), Moment(at_ms, known))


def form_of(asked: Asked, output: str | None, *, everybody: bool) -> tuple[Path, str] | None:
    """File and form of the windows of everybody; None for one user.

    Raises:
        HistoryError: The arguments ask for neither, or for both.
    """
    if not everybody and asked.user and output is None:
        return None
    path = Path(output or "")
    if not everybody or asked.user or path.suffix not in _FORMS:
        raise HistoryError(
            "The past is told of a USER, or with --all of everybody into a file; got "
            f"USER={asked.user.decode() or None}, --all={everybody}, --output={output}. "
            "Give one of the two, and a file that ends in .csv or .jsonl."
        )
    return path, _FORMS[path.suffix]


def proceed_of(interrupt: Interrupt) -> Callable[[], None]:
    """What ends a command that somebody asked to end."""

    def proceed() -> None:
        if interrupt:
            raise asyncio.CancelledError

    return proceed


async def caught_up(settings: Settings, interrupt: Interrupt, reporter: Reporter) -> History:
    """The history of commands, filled up to now.

    Args:
        settings: Of the application.
        interrupt: Looked at between fetches.
        reporter: Told how far it is.

    Raises:
        HistoryError: Another command is using the file.
        BrokerError: Kafka can't be read.
    """

    def doing(done: int, of: int) -> None:
        reporter.show(done, f"reading {done:,} of {of:,} records of the logs")

    history = history_of(settings, path_of(settings, COMMANDS))
    try:
        await catch_up(settings, history, proceed_of(interrupt), doing, reporter.note)
    except KafkaError as error:
        history.close()
        raise told(error, settings.broker, "it goes on where it stopped") from error
    except BaseException:
        history.close()
        raise
    return history
