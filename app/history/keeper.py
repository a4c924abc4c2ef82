"""A worker's history: a thread of its own fills it, and questions wait for that a little.

The thread shares the processor's time: between fetches it rests as long as it has worked, so that
the stages go on while a long log is read.
"""

import asyncio
import queue
import time
from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import TYPE_CHECKING, ClassVar, TypeVar

import structlog
from aiokafka.errors import KafkaError

from app.answers import Unavailable
from app.audit.logs import Logs, open_logs
from app.history.errors import Forgotten, HistoryError, Stranger
from app.history.past import Past
from app.history.reaching import WORKERS, fill, history_of, path_of
from app.settings import HistoryPolicy, Settings
from app.stages import window_rules
from models.errors import ClickstreamError

if TYPE_CHECKING:
    from app.history.store import History

log = structlog.stdlib.get_logger(__name__)

#: Seconds that a question waits for the history to catch up.
_PATIENCE_SECONDS = 5.0
#: Seconds for which what was read is new enough: many questions read the logs once.
_FRESH_SECONDS = 1.0
#: Seconds between catching up where nobody asks.
_WARM_SECONDS = 10.0
#: Seconds that the thread rests at most between two fetches.
_LONGEST_REST_SECONDS = 0.2
#: Seconds without a question until the thread disconnects from Kafka.
_CONNECTED_SECONDS = 60.0
#: Seconds until the thread has noticed that the worker ends.
_END_SECONDS = 5.0

T = TypeVar("T")


class CatchingUp(Unavailable):
    """The history reads the logs: ask again in a while."""

    headers: ClassVar[dict[str, str]] = {"Retry-After": "5"}


class _Ended(Exception):  # noqa: N818 nobody sees it as an error
    """The worker ends."""


class Keeper:
    """Keeps a worker's history, and asks it."""

    def __init__(self, settings: Settings) -> None:
        """Prepare; nothing is read before the first question, or :meth:`keep_warm`."""
        self._settings = settings
        self._waiting: queue.SimpleQueue[Future[Past] | None] = queue.SimpleQueue()
        self._thread: Thread | None = None
        self._history: History | None = None
        self._ended = False
        self._progress = (0, 0)
        self._sure = True
        self._began_s = 0.0
        self._fresh: tuple[Past | None, float] = None, 0.0
        self._broken = False

    async def keep_warm(self) -> None:
        """Catch up now and then, if the settings want it."""
        while self._settings.history is HistoryPolicy.ON and not self._ended:
            self._request()
            await asyncio.sleep(_WARM_SECONDS)

    async def ask(self, question: Callable[[Past], T]) -> T:
        """Ask about the past, up to a second ago.

        Args:
            question: What is asked, in a thread.

        Raises:
            CatchingUp: The history has too much to read for an answer at once.
            Unavailable: No history is kept, or it can't be.
        """
        if self._settings.history is HistoryPolicy.OFF:
            raise Unavailable(
                "The past is told by workers that keep a history; this one does not. Set "
                "CLICKSTREAM_HISTORY=asked, or run: faust -A app as-of"
            )
        try:
            return await asyncio.to_thread(question, await self._up_to_now())
        except (Forgotten, Stranger):
            raise
        except HistoryError as error:
            self._fresh, self._broken = (None, 0.0), True
            raise _unreadable(error) from error

    async def _up_to_now(self) -> Past:
        past, filled_s = self._fresh
        if past is not None and time.monotonic() - filled_s < _FRESH_SECONDS:
            return past
        try:
            waiting = asyncio.wrap_future(self._request())
            return await asyncio.wait_for(waiting, timeout=_PATIENCE_SECONDS)
        except TimeoutError:
            done, of = self._progress
            raise CatchingUp(
                f"The history reads what the logs have had since it was last asked: {done:,} of "
                f"{of:,} records. Ask again soon."
            ) from None
        except HistoryError:
            raise
        except (ClickstreamError, KafkaError, OSError) as error:
            raise _unreadable(error) from error

    async def stop(self) -> None:
        """End the thread and close the file."""
        self._ended = True
        self._waiting.put(None)
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join, _END_SECONDS)

    def _request(self) -> "Future[Past]":
        waiting: Future[Past] = Future()
        self._waiting.put(waiting)
        if self._thread is None:
            self._thread = Thread(target=self._serve, name="history", daemon=True)
            self._thread.start()
        return waiting

    def _serve(self) -> None:
        asyncio.run(self._answer_all())
        if self._history is not None:
            self._history.close()

    async def _answer_all(self) -> None:
        """Answer until the worker ends; connected to Kafka while questions come."""
        while waiting := await self._next(None):
            try:
                async with open_logs(self._settings.connection, self._rest, _say) as logs:
                    while waiting:
                        past = await self._caught_up(logs)
                        _give(waiting, past)
                        waiting = await self._next(_CONNECTED_SECONDS)
            except _Ended:
                return
            except (ClickstreamError, KafkaError, OSError) as error:
                _fail(waiting, error)
            except Exception as error:
                log.exception("The history can't be read")
                _fail(waiting, error)

    async def _next(self, seconds: float | None) -> "list[Future[Past]]":
        """All who wait, for one catching up; nobody when the time is over, or the worker ends."""
        waiting: list[Future[Past]] = []
        if self._ended:
            return waiting
        try:
            first = await asyncio.to_thread(self._waiting.get, timeout=seconds)
            while first is not None:
                waiting.append(first)
                first = self._waiting.get_nowait()
        except queue.Empty:
            return waiting
        return []

    async def _caught_up(self, logs: Logs) -> Past:
        settings = self._settings
        if self._broken and self._history is not None:
            self._history.close()  # after some faults DuckDB takes nothing before that
            self._history = None
        if self._history is None:
            self._history = history_of(settings, path_of(settings, WORKERS), worker=True)
        self._began_s = began_s = time.monotonic()
        self._broken = True
        await fill(settings, self._history, logs, self._told, sure=self._sure)
        self._sure = self._broken = False
        past = Past(self._history, window_rules(settings), settings.partitions)
        self._fresh = past, began_s
        return past

    def _told(self, done: int, of: int) -> None:
        self._progress = done, of

    def _rest(self) -> None:
        if self._ended:
            raise _Ended
        worked_s = time.monotonic() - self._began_s
        time.sleep(min(worked_s, _LONGEST_REST_SECONDS))
        self._began_s = time.monotonic()


def _unreadable(error: Exception) -> Unavailable:
    return Unavailable(f"The history can't be read now: {error}")


def _say(text: str) -> None:
    log.info(text)


def _give(waiting: "list[Future[Past]]", past: Past) -> None:
    for future in waiting:
        if future.set_running_or_notify_cancel():
            future.set_result(past)


def _fail(waiting: "list[Future[Past]]", error: Exception) -> None:
    for future in waiting:
        if future.set_running_or_notify_cancel():
            future.set_exception(error)
