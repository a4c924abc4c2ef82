"""``python -m bench.recovery``: how soon a worker's state, and its work, are at hand again.

Restoring: the counting stage's table from its changelog into empty stores, and that of Kafka
Streams from its own. Stops: workers join, leave and are killed under a light load; the drills'
measurement (``make drills ARGS=--rebalance``) tells for how long which partitions stood still.
"""

import argparse
import asyncio
import logging
import tempfile
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import counting, restoring
from bench.cores import Cores, pinned, widened
from bench.recovery_streams import restored_by_streams
from bench.report import Row, machine
from bench.run import fill_enriched, made_up
from bench.setup import CountingRun, Setup
from bench.subject import say
from bench.topics import delete_topics
from dev.drills.rebalance import Stop
from dev.drills.rebalance import measure as measure_stops
from dev.drills.settings import SESSION_S
from dev.kafka import LocalKafka

_KEYS = 1_000_000
_SEED = 1
#: Seconds between a worker's heartbeats: so much earlier it may have been heard of last.
_HEARTBEAT_S = 0.3


@dataclass(frozen=True, slots=True)
class Recovery:
    """What was measured.

    Attributes:
        restored: Restoring, by application.
        stops: What each rebalance stopped.
    """

    restored: list[Row]
    stops: list[Stop]


def measure(keys: int, cores: Cores, *, streams: bool = True, standbys: int = 1) -> Recovery:
    """Measure all of it, on a broker of its own.

    Args:
        keys: About how many rows the table has.
        cores: Who runs where.
        streams: Whether Kafka Streams restores, too; it needs Java and Maven.
        standbys: Warm copies of each partition, while workers come and go.

    Raises:
        BenchError: What was restored, or counted before, is wrong.
        DemoError: Workers don't come and go as they should.
    """
    with tempfile.TemporaryDirectory(prefix="clickstream-recovery-") as directory:
        place = Path(directory)
        with pinned(cores.others), LocalKafka(place / "kafka") as kafka:
            restored = _restored(Setup(kafka.bootstrap, place, cores), keys, streams=streams)
            say(f"Workers come and go; warm copies of each partition: {standbys} ...")
            settings = {"STANDBY_REPLICAS": str(standbys)}
            with widened(cores):
                stops = asyncio.run(measure_stops(kafka, place, _SEED, **settings))
    return Recovery(restored, stops)


def _restored(setup: Setup, keys: int, *, streams: bool) -> list[Row]:
    clicks = made_up(setup, keys, keys)  # as many users: few share a row
    asyncio.run(fill_enriched(setup, clicks))
    run = CountingRun(setup, "counting", clicks, rankings="none")
    say("Counting them ...")
    asyncio.run(counting.measure(run))
    say("Restoring ...")
    rows = [restoring.measure(run)]
    if streams:
        say("Kafka Streams counts them, and restores ...")
        rows.append(asyncio.run(restored_by_streams(run)))
    asyncio.run(delete_topics(setup.bootstrap, [setup.prefix]))
    return rows


def show(recovery: Recovery) -> None:
    """Print two tables."""
    console = Console(width=None if Console().is_terminal else 100)
    rates = _table("restoring", "records", "seconds", "records/s", "records/s of CPU")
    for row in recovery.restored:
        speeds = (f"{row.per_second:,.0f}", f"{row.per_cpu_second:,.0f}")
        rates.add_row(row.what, f"{row.records:,}", f"{row.seconds:.2f}", *speeds)
    console.print(rates, "")
    stops = _table("rebalance", "stayed", "longest s", "moved", "longest s")
    for stop in recovery.stops:
        stops.add_row(stop.event, *_cells(stop.stayed_s), *_cells(stop.moved_s))
    console.print(stops)
    console.print(
        f"of workers that are killed, {SESSION_S:.0f} s are the session timeout: until the first "
        f"commit after it at most {after_timeout_s(recovery.stops):.2f} s"
    )


def after_timeout_s(stops: list[Stop]) -> float:
    """From the end of the session timeout to the last partition's first commit, in seconds.

    It began with the last heartbeat, before the kill.
    """
    killed = [stop for stop in stops if "killed" in stop.event]
    return max(max(stop.moved_s, default=0.0) for stop in killed) - SESSION_S + _HEARTBEAT_S


def _table(first: str, *others: str) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(first)
    for other in others:
        table.add_column(other, justify="right")
    return table


def _cells(times_s: tuple[float, ...]) -> tuple[str, str]:
    return str(len(times_s)), f"{max(times_s):.2f}" if times_s else ""


def main() -> None:
    """Measure, and print what was found."""
    parser = argparse.ArgumentParser(prog="python -m bench.recovery", description=__doc__)
    parser.add_argument("--keys", type=int, default=_KEYS, help=f"rows of the table [{_KEYS:,}]")
    parser.add_argument("--standbys", type=int, default=1, help="of each partition [1]")
    parser.add_argument("--no-streams", action="store_true", help="leave Kafka Streams out")
    options = parser.parse_args()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    cores = Cores.of_this_machine()
    streams = not options.no_streams
    recovery = measure(options.keys, cores, streams=streams, standbys=options.standbys)
    print(machine(cores))
    show(recovery)


if __name__ == "__main__":
    main()
