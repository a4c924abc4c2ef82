"""Commands that run by themselves: one sentence for an error, an orderly end on Ctrl-C."""

import asyncio
import logging
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, NoReturn

from faust.cli import AppCommand
from faust.cli.faust import cli

from models.errors import ClickstreamError

#: Exit codes: a fault that the message explains; ended by a signal, as shells count it.
FAULT = 1
_SIGNALLED = 128

_SIGNALS = (signal.SIGINT, signal.SIGTERM)

#: Commands of Faust's that are of no use here, or do harm: they work, and are not listed.
_UNLISTED = ("agents", "clean-versions", "livecheck", "model", "models", "reset", "send", "tables")
for _name in _UNLISTED:
    cli.commands[_name].hidden = True


class Interrupt:
    """Whether someone asked the command to end; asked twice, it ends at once.

    Attributes:
        signal: The first signal received, or None.
    """

    def __init__(self) -> None:
        self.signal: signal.Signals | None = None

    def listen(self) -> None:
        """Take Ctrl-C and SIGTERM from now on; to be called in the command's task."""
        task = asyncio.current_task()
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, self._heard, number, task)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Leave Ctrl-C and SIGTERM to Python while a person is asked, and nothing else goes on."""
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
        try:
            yield
        finally:
            self.listen()

    def __bool__(self) -> bool:
        return self.signal is not None

    def proceed(self) -> None:
        """Go on, unless someone asked the command to end.

        Raises:
            asyncio.CancelledError: Someone did.
        """
        if self:
            raise asyncio.CancelledError

    @property
    def exit_code(self) -> int:
        """What the process ends with."""
        return 0 if self.signal is None else _SIGNALLED + self.signal

    def _heard(self, number: signal.Signals, task: asyncio.Task[Any] | None) -> None:
        if self.signal is not None and task is not None:
            task.cancel()
        self.signal = self.signal or number


class ConsoleCommand(AppCommand):
    """A command outside Faust's worker; a subclass overrides ``execute_alone``."""

    abstract: ClassVar[bool] = True
    #: Exit code after a ClickstreamError.
    failed: ClassVar[int] = FAULT

    async def execute_alone(self, interrupt: Interrupt, **options: Any) -> None:
        """Do the work.

        Args:
            interrupt: Listening; to be looked at several times a second.
            options: The command line's.

        Raises:
            ClickstreamError: Something to tell the user, in one sentence.
        """
        raise NotImplementedError

    def __call__(self, *_args: Any, **kwargs: Any) -> NoReturn:
        """Run the command and end the process."""
        # What the client logs, and leaves behind, is told in one sentence afterwards.
        for logger in ("aiokafka", "asyncio"):
            logging.getLogger(logger).setLevel(logging.CRITICAL)
        interrupt = Interrupt()
        try:
            asyncio.run(self._run(interrupt, {**self.kwargs, **kwargs}))
        except ClickstreamError as error:
            sys.stderr.write(f"Error: {error}\n")
            sys.exit(self.failed)
        except (asyncio.CancelledError, KeyboardInterrupt):
            sys.exit(interrupt.exit_code or _SIGNALLED + signal.SIGINT)
        sys.exit(interrupt.exit_code)

    async def _run(self, interrupt: Interrupt, options: dict[str, Any]) -> None:
        interrupt.listen()
        await self.execute_alone(interrupt, **options)
