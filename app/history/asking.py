"""What the commands about the past are asked, checked; and their history."""

import os
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
from models.errors import shown
from models.timestamps import instant_ms

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
        HistoryError: The time is none, or the user is no text.
    """
    try:
        at_ms = instant_ms(at)
    except ValueError:
        raise HistoryError(
            "--at is a time of the years 1 to 9999, as ISO-8601 or epoch milliseconds; got "
            f"{shown(at)}. Write it as 2025-01-01T10:00:00Z."
        ) from None
    return Asked(_utf8("USER", user or ""), Moment(at_ms, known))


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
    return place_of("--output", path), _FORMS[path.suffix]


def place_of(option: str, path: Path) -> Path:
    """A file that can be written, before there is much to be written.

    Args:
        option: That names it.
        path: It.

    Raises:
        HistoryError: It can't be, as things are.
    """
    _utf8(option, str(path))
    target = path if path.exists() else path.parent
    if path.is_dir() or not path.parent.is_dir() or not os.access(target, os.W_OK):
        raise HistoryError(
            f"{option} is a file in a directory that is there, and may be written; got {path}. "
            "Make the directory, or name another file."
        )
    return path


def _utf8(name: str, text: str) -> bytes:
    """What the command line gives, in UTF-8."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise HistoryError(f"{name} is text in UTF-8; got {shown(text)}. Correct it.") from None


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
        await catch_up(settings, history, interrupt.proceed, doing, reporter.note)
    except KafkaError as error:
        history.close()
        raise told(error, settings.broker, "it goes on where it stopped") from error
    except BaseException:
        history.close()
        raise
    return history
