"""The drills' command line."""

import argparse
import logging
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from dev.demo.errors import DemoError
from dev.demo.interrupt import Interrupt
from dev.drills.drills import DRILLS
from dev.drills.rebalance import measure, show_stops
from dev.drills.report import Result, show, total
from dev.drills.running import hold
from dev.kafka import KafkaError, LocalKafka

_LEAST_RECORDS, _LEAST_FAULTS = 2_000_000, 30
"""What all drills together must have tried, at full scale."""

_FAULT = 1


def run(interrupt: Interrupt) -> int:
    """Run what the command line asks for and return the exit code.

    Raises:
        KeyboardInterrupt: A signal was heard; all is cleaned up.
    """
    options = _options()
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 100)
    if options.list:
        for drill in DRILLS:
            console.print(f"{drill.name:<12}{drill.about}")
        return 0
    # What the client logs of a broker that is killed is what was to be expected.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    directory = Path(tempfile.mkdtemp(prefix="clickstream-drills-"))
    try:
        if options.rebalance:
            return _rebalance(console, options.seed, directory, interrupt)
        return _drill(console, options, directory, interrupt)
    finally:
        if options.keep:
            console.print(f"Logs are in {directory}.")
        else:
            shutil.rmtree(directory, ignore_errors=True)


def _drill(
    console: Console, options: argparse.Namespace, directory: Path, interrupt: Interrupt
) -> int:
    drills = [drill for drill in DRILLS if not options.only or drill.name in options.only]
    results = []
    with LocalKafka(directory / "kafka") as kafka:
        for drill in drills:
            console.print(f"{drill.name}: {drill.about} ...")
            try:
                result = interrupt.run(hold(drill, kafka, directory, options.scale, options.seed))
            except (DemoError, KafkaError) as error:
                console.print(f"clickstream: {drill.name}: {error}", markup=False)
                return _FAULT
            for note in result.notes:
                console.print(f"  {note}", markup=False)
            results.append(result)
    show(console, results)
    faults = verdict_of(results, options.scale)
    for fault in faults:
        console.print(fault, style="bold red")
    return _FAULT if faults else 0


def _rebalance(console: Console, seed: int, directory: Path, interrupt: Interrupt) -> int:
    with LocalKafka(directory / "kafka") as kafka:
        try:
            stops = interrupt.run(measure(kafka, directory, seed))
        except (DemoError, KafkaError) as error:
            console.print(f"clickstream: {error}", markup=False)
            return _FAULT
    show_stops(console, stops)
    return 0


def verdict_of(results: Sequence[Result], scale: float) -> list[str]:
    """What is not as it must be, in words; empty when all is right.

    Args:
        results: Of the drills that were held.
        scale: Of the number of records.
    """
    faults = [f"{result.drill} is wrong: see above" for result in results if not result.right]
    tried = total(results)
    few = tried.records < _LEAST_RECORDS or tried.faults < _LEAST_FAULTS
    if len(results) == len(DRILLS) and scale >= 1 and few:
        faults.append(
            f"All drills try {_LEAST_RECORDS:,} records and {_LEAST_FAULTS} faults at least; these "
            f"were {tried.records:,} and {tried.faults}"
        )
    return faults


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make drills",
        description="Fault drills under load: nothing is lost, and nothing comes twice.",
        usage='make drills [ARGS="--only kill --scale 0.1"]',
    )
    names = [drill.name for drill in DRILLS]
    parser.add_argument("--only", action="append", choices=names, help="this drill; repeatable")
    parser.add_argument("--list", action="store_true", help="tell the drills and end")
    parser.add_argument(
        "--rebalance", action="store_true", help="measure what rebalances cost instead"
    )
    parser.add_argument("--scale", type=float, default=1.0, help="of the number of records (1)")
    parser.add_argument("--seed", type=int, default=1, help="of the load, and of chance (1)")
    parser.add_argument("--keep", action="store_true", help="keep the logs")
    return parser.parse_args()
