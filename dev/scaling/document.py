"""The tables and pictures of docs/scaling.md, as the commands give them."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from bench.growth_plot import Mark, Plot, svg
from dev.kafka.jars import ROOT
from dev.reference.markdown import table
from dev.scaling import tables
from dev.scaling.limits import default
from dev.scaling.scenes import swept
from dev.scaling.sizing import Sizer
from dev.scaling.tables import RATES, Rows
from dev.scaling.traffic import Traffic

PAGE = ROOT / "docs" / "scaling.md"
#: A table of the page: the comment that names it, and all up to the next empty line.
_TABLE = re.compile(r"(<!-- made: (?P<name>[\w-]+) -->\n\n)\|.*?\n(?=\n|\Z)", re.DOTALL)
_COSTS = (10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000)
#: Clicks a second that the cost is told for.
_EACH = 10_000

TABLES: Mapping[str, Callable[[], Rows]] = {
    "loads": lambda: tables.loads([Sizer().sized(default(rate)) for rate in RATES]),
    "breaking": lambda: tables.breaking(Sizer(), default(RATES[0])),
    "partitions": tables.partitions,
    "remedies": tables.remedies,
    "agreement": tables.agreement,
    "load": lambda: tables.sweep(RATES[0]),
    "greater-load": lambda: tables.sweep(RATES[1]),
    "skew": tables.skew,
    "constants": tables.known,
}


def _latency() -> Plot:
    marks = [_mark(load, found.latency_ms / 1000) for load, found in swept(RATES[0])]
    title = "Latency of what is sized for 100,000 clicks/s, simulated"
    return Plot(title, "clicks/s", "seconds", marks)


def _cost() -> Plot:
    marks = []
    for rate in _COSTS:
        model = Sizer().sized(default(rate))
        traffic = Traffic(model)
        cores = model.cores + traffic.record_cores + traffic.commit_cores
        marks.append(_mark(rate, cores / rate * _EACH))
    title = "Cores of workers and brokers for each 10,000 clicks/s"
    return Plot(title, "clicks/s", "cores", marks)


def _mark(clicks_s: float, value: float) -> Mark:
    return Mark(int(clicks_s), value, (value, value))


PICTURES: Mapping[str, Callable[[], Plot]] = {
    "scaling-latency.svg": _latency,
    "scaling-cost.svg": _cost,
}


def page(text: str) -> str:
    """The page with its tables made anew."""
    return _TABLE.sub(lambda m: f"{m[1]}{_made(m['name'])}\n", text)


def _made(name: str) -> str:
    head, *rows = TABLES[name]()
    return table(head, rows)


def write(path: Path = PAGE) -> None:
    """Write the tables into the page, and the pictures beside it."""
    path.write_text(page(path.read_text()))
    for name, plot in PICTURES.items():
        (path.parent / name).write_text(svg(plot()))


def stale(path: Path = PAGE) -> list[str]:
    """What is not as the commands give it: the page, pictures."""
    pictures = [
        name for name, plot in PICTURES.items() if (path.parent / name).read_text() != svg(plot())
    ]
    text = path.read_text()
    return pictures if page(text) == text else [path.name, *pictures]
