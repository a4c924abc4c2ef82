"""``python -m dev.scaling``: what 10^5, 10^6 and 10^7 clicks a second need, and what breaks first.

The model's constants and the commands that measured them: ``--show constants``. Durations are in
milliseconds.
"""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

from rich.console import Console
from rich.table import Table

from dev.scaling import document
from dev.scaling.limits import default
from dev.scaling.sizing import Sizer
from dev.scaling.tables import RATES, Rows, figures, loads
from dev.scaling.workload import Design, Workload

_WIDTH = 150
_MOST = 1e12
#: The options of a workload: its fields, but for those that have a default by the rate.
_MAY_BE_ZERO = {"grace_ms", "retention_ms"}
_SETTINGS = [f for f in fields(Workload) if f.name not in {"clicks_s", "users"}]


def main() -> None:
    """Print tables, or write them into the documentation."""
    options = _options()
    if options.check or options.write:
        _documentation(write=options.write)
        return
    works = [_work(options, rate) for rate in options.clicks]
    design = Design(options.behind, shared=options.shared, relayed=options.relayed)
    sizer = Sizer(options.inputs, options.partitions, design)
    models = [sizer.sized(work) for work in works]
    if options.json:
        print(json.dumps({f"{m.work.clicks_s:g}": figures(m) for m in models}, indent=1))
        return
    console = Console(width=_WIDTH)
    if options.show == "loads":
        console.print(_rich(loads(models)))
    else:
        console.print(_rich(document.TABLES[options.show]()))


def _documentation(*, write: bool) -> None:
    if write:
        document.write()
    elif names := document.stale():
        sys.exit(
            f"{', '.join(names)} is not what the code gives. Run: python -m dev.scaling --write"
        )


def _work(options: argparse.Namespace, clicks_s: float) -> Workload:
    given = {f.name: getattr(options, f.name) for f in _SETTINGS}
    work = replace(default(clicks_s), **given)
    return replace(work, users=options.users) if options.users else work


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m dev.scaling", description=__doc__)
    add = parser.add_argument
    rate, whole = _number(float), _number(int)
    add("--clicks", type=rate, nargs="+", default=RATES, metavar="N", help="a second [1e5 1e6 1e7]")
    add("--users", type=rate, help="of that many users [100 for each click a second]")
    for f in _SETTINGS:
        name = f"--{f.name.removesuffix('_ms').replace('_', '-')}"
        of = _number(type(f.default), zero=f.name in _MAY_BE_ZERO)
        add(name, dest=f.name, type=of, default=f.default, help=f"[{f.default}]")
    add("--inputs", type=whole, help="partitions of each input [as many as inner ones]")
    add("--partitions", type=whole, help="inner ones [as few as will do]")
    add("--behind", type=whole, default=Design().behind_records, help="commit at once from here on")
    add("--shared", action="store_true", help="one transaction a worker")
    add("--relayed", action="store_true", help="stream time through one partition")
    add("--show", choices=document.TABLES, default="loads", help="another table, by the defaults")
    add("--json", action="store_true", help="the loads as JSON")
    add("--write", action="store_true", help="write docs/scaling.md's tables and pictures")
    add("--check", action="store_true", help="only say what of it is stale")
    return parser.parse_args()


def _number(kind: type[Any], *, zero: bool = False) -> Callable[[str], Any]:
    """Reads numbers that the model is made for."""

    def read(text: str) -> Any:
        value = kind(text)
        if not (0 < value <= _MOST or (zero and value == 0)):
            least = "at least 0" if zero else "above 0"
            raise argparse.ArgumentTypeError(f"must be {least}, and at most {_MOST:g}; got {text}")
        return value

    read.__name__ = kind.__name__  # argparse names it where the text is no number
    return read


def _rich(rows: Rows) -> Table:
    table = Table(*rows[0], box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for row in rows[1:]:
        table.add_row(*row)
    return table


if __name__ == "__main__":
    main()
