"""``python -m bench``: everything side by side, on the same topic and broker."""

import argparse
import asyncio
import logging
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from app.admin import create_topics
from app.topics import CLICKS, ENRICHED_CLICKS, topic_name
from bench.clicks import Clicks
from bench.cores import Cores, pinned
from bench.peers.registry import all_peers
from bench.report import machine
from bench.setup import Setup
from bench.subject import Result, Round, Subject, measure_all, say
from bench.subjects import all_subjects
from bench.table import show
from bench.topics import delete_topics, fill
from dev.kafka import resolve_broker

_CLICKS = 1_000_000
_USERS = 50_000
_ROUNDS = 3


def main() -> None:
    """Run everything; exit code 1 if anything failed or counted wrong, never for a time."""
    options = _options()
    # New topics have no leader for a moment, which the client tells and then bears.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    subjects = _chosen(options.only, options.leave_out)
    for peer in all_peers():
        if peer.name in {subject.name for subject in subjects}:
            peer.prepare()
    cores = Cores.named(options.cores)
    # A broker that is started here, and everything else that is not measured, keeps off the core.
    with pinned(cores.others), resolve_broker() as broker:
        facts = machine(cores)
        with _setup(broker.bootstrap, cores) as setup:
            results = _run(setup, subjects, options)
    print(facts)
    show(results)
    sys.exit(any(result.faults for result in results))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--clicks", type=int, default=_CLICKS, help=f"to count [{_CLICKS:,}]")
    parser.add_argument("--users", type=int, default=_USERS, help=f"they are of [{_USERS:,}]")
    parser.add_argument("--rounds", type=int, default=_ROUNDS, help=f"of everything [{_ROUNDS}]")
    parser.add_argument("--only", type=_names, metavar="NAME,...", help="measure these only")
    parser.add_argument(
        "--leave-out", type=_names, metavar="NAME,...", help="measure all but these"
    )
    parser.add_argument(
        "--cores",
        choices=("one", "all"),
        default="one",
        help="what is measured runs on one core, Kafka on the others; or all on all [one]",
    )
    return parser.parse_args()


def _names(text: str) -> list[str]:
    known = [subject.name for subject in all_subjects()]
    names = text.split(",")
    if unknown := [name for name in names if name not in known]:
        raise argparse.ArgumentTypeError(f"{unknown[0]} is none of: {', '.join(known)}")
    return names


def _chosen(only: Sequence[str] | None, leave_out: Sequence[str] | None) -> list[Subject]:
    subjects = all_subjects()
    wanted = only or [subject.name for subject in subjects]
    return [s for s in subjects if s.name in wanted and s.name not in (leave_out or ())]


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


def _run(setup: Setup, subjects: list[Subject], options: argparse.Namespace) -> list[Result]:
    clicks = asyncio.run(_fill(setup, options.clicks, options.users))
    return measure_all(subjects, [Round(setup, clicks, n) for n in range(options.rounds)])


async def _fill(setup: Setup, count: int, users: int) -> Clicks:
    settings = setup.settings("counting-0")
    await create_topics(settings)
    say(f"Writing {count:,} enriched clicks ...")
    now_ms = time.time_ns() // 1_000_000
    # Event time ends now: stock Faust closes windows by the wall clock.
    clicks = Clicks(
        count,
        users,
        now_ms,
        topic_name(settings, CLICKS),
        settings.window_size_ms,
        settings.partitions,
    )
    topic = topic_name(settings, ENRICHED_CLICKS)
    await fill(setup.bootstrap, topic, settings.partitions, clicks)
    return clicks


if __name__ == "__main__":
    main()
