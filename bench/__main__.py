"""``python -m bench``: all benchmarks, one table."""

import argparse
import asyncio
import logging
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.admin import create_topics
from app.topics import CLICKS, ENRICHED_CLICKS, topic_name
from bench import counting, restoring, stock, verifying
from bench.clicks import Clicks
from bench.cores import Cores, pinned
from bench.report import Row, machine, show
from bench.setup import CountingRun, Setup
from bench.topics import delete_topics, fill
from bench.worker import BenchError
from dev.kafka import resolve_broker

_CLICKS = 1_000_000
_USERS = 50_000
_STORES = ("memory", "rocksdb")


def main() -> None:
    """Run everything; exit code 1 if a count is wrong, never for a time."""
    options = _options()
    # New topics have no leader for a moment, which the client tells and then bears.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    cores = Cores.of_this_machine()
    # A broker that is started here, and everything else that is not measured, keeps off the core.
    with pinned(cores.others), resolve_broker() as broker:
        facts = machine(cores)
        with _setup(broker.bootstrap, cores) as setup:
            try:
                rows = _run(setup, options)
            except BenchError as error:
                sys.exit(f"bench: {error}")
    print(facts)
    show(rows)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--clicks", type=int, default=_CLICKS, help=f"to count [{_CLICKS:,}]")
    parser.add_argument("--users", type=int, default=_USERS, help=f"they are of [{_USERS:,}]")
    parser.add_argument("--runs", type=int, default=1, help="of the counting stage and restore [1]")
    parser.add_argument("--no-stock", action="store_true", help="leave the stock table out")
    return parser.parse_args()


@contextmanager
def _setup(bootstrap: str, cores: Cores) -> Iterator[Setup]:
    """A place to work, empty again at the end."""
    for name in [n for n in os.environ if n.startswith("CLICKSTREAM_")]:
        del os.environ[name]  # what is measured is the defaults
    with tempfile.TemporaryDirectory(prefix="clickstream-bench-") as directory:
        setup = Setup(bootstrap, Path(directory), cores)
        try:
            yield setup
        finally:
            asyncio.run(delete_topics(bootstrap, [setup.prefix]))


def _run(setup: Setup, options: argparse.Namespace) -> list[Row]:
    clicks = asyncio.run(_fill(setup, options.clicks, options.users))
    rows = []
    for number in range(options.runs):
        alone = CountingRun(setup, f"users-{number}", clicks, rankings="none")
        run = CountingRun(setup, f"counting-{number}", clicks)
        for each in (alone, run):
            _say(f"Counting, ranking {each.rankings} ...")
            rows.append(asyncio.run(counting.measure(each)))
        _say("Restoring ...")
        rows.append(restoring.measure(run))
    _say("Verifying ...")
    rows.append(verifying.measure(setup, options.clicks))
    for store in () if options.no_stock else _STORES:
        _say(f"Stock Faust with its {store} store ...")
        rows.append(stock.measure(setup, store, stock.Share()))
    return rows


async def _fill(setup: Setup, count: int, users: int) -> Clicks:
    settings = setup.settings("counting-0")
    await create_topics(settings)
    _say(f"Writing {count:,} enriched clicks ...")
    now_ms = time.time_ns() // 1_000_000
    # Event time ends now: stock Faust closes windows by the wall clock.
    clicks = Clicks(count, users, now_ms, topic_name(settings, CLICKS), settings.window_size_ms)
    topic = topic_name(settings, ENRICHED_CLICKS)
    await fill(setup.bootstrap, topic, settings.partitions, clicks)
    return clicks


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
