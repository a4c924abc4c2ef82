"""``faust -A app top``: the cluster in a terminal."""

import asyncio
import sys
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING, Any, cast

import msgspec
from faust.cli import option
from rich.console import Console
from rich.live import Live
from rich.text import Text

from app.commands.console import FAULT, ConsoleCommand, Interrupt
from app.status.shape import Status
from app.watching.frame import LEAST_COLUMNS, LEAST_ROWS, frame
from app.watching.keys import on_key
from app.watching.listening import Heard, listen

if TYPE_CHECKING:
    from app.bootstrap import App

#: Seconds between two looks at an interruption.
_TICK_SECONDS = 0.1


class top(ConsoleCommand):  # noqa: N801 its name is the command's
    """Watch throughput, lag, windows and workers in the terminal.

    Any worker tells of the whole cluster. q or Ctrl-C ends it. Where the output is no terminal,
    and with --once, one frame is printed; exit code 1 if no worker answers.
    """

    options = [  # noqa: RUF012 Faust's own commands declare theirs so.
        option("--url", metavar="URL", help="A worker's address [on this machine]."),
        option("--once", is_flag=True, default=False, help="Print one frame."),
        option("--json", "as_json", is_flag=True, default=False, help="One /status, as JSON."),
    ]

    async def execute_alone(self, interrupt: Interrupt, **options: Any) -> None:
        """Watch until told to end."""
        app = cast("App", self.app)
        scheme = "https" if app.settings.web_tls else "http"
        url = options["url"] or f"{scheme}://127.0.0.1:{app.conf.web_port}"
        console = Console()
        if options["once"] or options["as_json"] or not console.is_terminal:
            await self._once(app, url, console, as_json=options["as_json"])
        else:
            await _watch(app, url, console, interrupt)

    async def _once(self, app: "App", url: str, console: Console, *, as_json: bool) -> None:
        async with aclosing(listen(app.settings, url)) as heard:
            status = await anext(heard)
        if isinstance(status, str):
            sys.stderr.write(f"Error: {status}\n")
            raise SystemExit(FAULT)
        if as_json:
            self.say(msgspec.json.encode(status).decode())
            return
        rows = console.height if console.is_terminal else LEAST_ROWS
        console.print(frame(status, rows, max(console.width, LEAST_COLUMNS)))


async def _watch(app: "App", url: str, console: Console, interrupt: Interrupt) -> None:
    ended = asyncio.Event()
    with on_key("q", ended.set), Live(console=console, screen=True, auto_refresh=False) as live:
        watching = asyncio.create_task(_show(app, url, live))
        while not ended.is_set() and not interrupt and not watching.done():
            with suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), _TICK_SECONDS)
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


async def _show(app: "App", url: str, live: Live) -> None:
    last: Status | None = None
    async with aclosing(listen(app.settings, url)) as all_heard:
        async for heard in all_heard:
            last = last if isinstance(heard, str) else heard
            live.update(_picture(heard, last, live.console), refresh=True)


def _picture(heard: Heard, last: Status | None, console: Console) -> Any:
    if last is None:
        return Text(str(heard))
    note = heard if isinstance(heard, str) else ""
    return frame(last, console.height, console.width, note)
