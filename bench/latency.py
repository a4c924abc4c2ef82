"""``python -m bench.latency``: how long a click and a purchase take to become results.

At 1,000 clicks/s on 8 input partitions, and a purchase for every 20, with event time now, windows
of 1 s and a grace of 1 s, so that one closes every second:

- *count*: from the moment at which the click was sent that let a window close (the first one at or
  beyond its end and grace in the last input partition to get one) until a reader of committed
  records has a count of it. What is measured is every count of every user. A peer that does not
  wait for all input partitions can close a window sooner.
- *conversion*: from the moment at which a purchase, of what was clicked a second before, was sent
  until a reader of committed records has its conversion.

Both take two stages: enrichment or admission, then counting or joining. Every count and conversion
is checked. The processor time of a worker is that of the same seconds; when idle, of a time
before anything was ever sent, with all its partitions assigned.
"""

import argparse
import asyncio
import logging
import sys
from collections.abc import Sequence
from dataclasses import replace

from bench.cores import Cores, pinned
from bench.latency_report import LatencyRow, show
from bench.latency_run import Seconds, measure
from bench.latency_subjects import SUBJECTS, Subject
from bench.report import machine
from bench.setup import Setup, workspace
from bench.worker import BenchError
from dev.kafka import resolve_broker


def main() -> None:
    """Measure all subjects; exit code 1 if a result is missing or wrong, never for a time."""
    parser = argparse.ArgumentParser(prog="python -m bench.latency", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="of traffic [60]")
    parser.add_argument("--idle", type=float, default=30.0, help="seconds without any [30]")
    parser.add_argument("--only", default="", help="subjects with this in their name [all]")
    options = parser.parse_args()
    seconds = Seconds(options.idle, options.seconds)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # new topics have no leader at first
    cores = Cores.of_this_machine()
    with pinned(cores.others), resolve_broker() as broker:
        facts = machine(cores)
        with workspace(broker.bootstrap, cores) as setup:
            try:
                rows = run(setup, seconds, [s for s in SUBJECTS if options.only in s.name])
            except BenchError as error:
                sys.exit(f"bench: {error}")
    print(facts)
    show(rows)


def run(setup: Setup, seconds: Seconds, subjects: Sequence[Subject] = SUBJECTS) -> list[LatencyRow]:
    """Measure subjects one after another; raises BenchError for a result missing or wrong."""
    rows = []
    for number, subject in enumerate(subjects):
        print(f"Latency of {subject.name} ...", file=sys.stderr, flush=True)
        # Topics of its own: what another one wrote is not to be read.
        own = replace(setup, prefix=f"{setup.prefix}latency-{number}-")
        rows.append(asyncio.run(measure(own, subject, seconds)))
    return rows


if __name__ == "__main__":
    main()
