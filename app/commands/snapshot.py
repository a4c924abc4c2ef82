"""``faust -A app snapshot DIR``: the tables, in a directory that empty workers begin with."""

import time
from typing import TYPE_CHECKING, Any, cast

import msgspec
from faust.cli import argument, option
from rich.console import Console, JustifyMethod
from rich.filesize import decimal
from rich.table import Table

from app.commands.console import ConsoleCommand, Interrupt
from app.inputs.progress import Reporter
from app.snapshots.asking import Asker
from app.snapshots.taking import Taken

if TYPE_CHECKING:
    from app.bootstrap import App


class snapshot(ConsoleCommand):  # noqa: N801 its name is the command's
    """Take a snapshot of the tables while the workers run.

    Each worker writes its partitions into DIR as it sees it: a shared disk, or directories that
    are copied together afterwards. DIR must be there. A worker with an empty data directory and
    CLICKSTREAM_SNAPSHOT=DIR begins with it, and reads the rest of the changelogs. Older snapshots
    in DIR are deleted, each once the new one is whole. Exit code 1 if a partition is missing.
    """

    options = [  # noqa: RUF012 Faust's own commands declare theirs so.
        argument("directory", metavar="DIR"),
        option("--url", metavar="URL", help="A worker's address [on this machine]."),
        option("--json", "as_json", is_flag=True, default=False, help="For machines."),
    ]

    async def execute_alone(self, interrupt: Interrupt, **options: Any) -> None:
        """Ask for all partitions, and report."""
        app = cast("App", self.app)
        scheme = "https" if app.settings.web_tls else "http"
        url = options["url"] or f"{scheme}://127.0.0.1:{app.conf.web_port}"
        began_s = time.monotonic()
        asker = Asker(app.settings, url, options["directory"])
        with Reporter("snapshot", None, quiet=self.quiet, lines=False) as reporter:
            reporter.begin("asking the workers for their partitions")
            taken = await asker.ask()
        if options["as_json"]:
            self.say(msgspec.json.encode(taken).decode())
        else:
            _show(Console(), taken, time.monotonic() - began_s)


def _show(console: Console, taken: list[Taken], seconds: float) -> None:
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("partition", "changelog", "inputs", "size", "seconds", "stood", "worker"):
        side: JustifyMethod = "left" if name in {"partition", "worker"} else "right"
        # In 80 columns addresses take several lines; nothing is cut.
        table.add_column(name, justify=side, overflow="fold", no_wrap=name != "worker")
    for one in taken:
        table.add_row(
            f"{one.table} {one.partition}",
            "-" if one.offset is None else f"{one.offset:,}",
            " ".join(f"{position:,}" for _, position in sorted(one.positions.items())) or "-",
            decimal(one.bytes),
            f"{one.seconds:.2f}",
            f"{one.stood_seconds:.3f}",
            one.worker.partition("://")[2],
        )
    console.print(table)
    size = decimal(sum(one.bytes for one in taken))
    console.print(f"\n{len(taken)} partitions, {size}, in {seconds:.1f} s.")
