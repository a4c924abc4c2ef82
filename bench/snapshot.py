"""``python -m bench.snapshot``: beginning with a snapshot, beside restoring all of a changelog.

A table of so many rows is written to a changelog, each row once, as the counting stage would;
it is restored, and snapshots are taken of it. Then some rows change. A worker that is empty
restores the table from all of the changelog, and another begins with the snapshots and reads the
rest; both must have the same rows.
"""

import argparse
import asyncio
import logging
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import msgspec
from rich.console import Console
from rich.table import Table

from agents.routing import changelog_records
from agents.spec import Envelope
from app.admin import create_topics
from app.settings import Settings
from app.topics import changelog_name
from bench.cores import Cores, pinned
from bench.report import machine
from bench.setup import Setup, workspace
from bench.snapshot_run import TABLE, Done, Job
from bench.subject import say
from bench.worker import BenchError
from dev.kafka import resolve_broker
from dev.kafka.jars import ROOT
from models.ledger import Ledger
from models.partitioning import partition_of
from models.windows import row_key
from tables.store import STATE_KEY
from tables.transaction import TransactionalWriter

_KEYS = 1_000_000
#: One of so many rows changes after the snapshot.
_EACH = 100
#: Rows of a transaction: a step of the stage has some thousands.
_STEP_ROWS = 10_000
_WINDOWS, _WINDOW_MS = 288, 300_000
_SECONDS = 3600.0
_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Compared:
    """What was measured.

    Attributes:
        taken: Taking the snapshots.
        full: Restoring from all of the changelog.
        begun: Beginning with the snapshots.
    """

    taken: Done
    full: Done
    begun: Done


def measure(setup: Setup, keys: int, each: int) -> Compared:
    """Measure both.

    Args:
        setup: Where to work.
        keys: How many rows the table has.
        each: One of so many changes after the snapshot.

    Raises:
        BenchError: The rows are not the same.
    """
    settings = setup.settings("snapshot")
    asyncio.run(create_topics(settings))
    say(f"Writing {keys:,} rows ...")
    asyncio.run(_fill(settings, _rows(keys, 1, b"1")))
    say("Restoring them, and taking snapshots ...")
    taken = _run(setup, settings, "first", take=True)
    say(f"Changing one row of {each} ...")
    asyncio.run(_fill(settings, _rows(keys, each, b"2")))
    say("Restoring from all of the changelog ...")
    full = _run(setup, settings, "full")
    say("Beginning with the snapshots ...")
    begun = _run(setup, settings, "begun", begin=True)
    if (full.rows, full.sum) != (begun.rows, begun.sum) or full.rows != keys:
        raise BenchError(f"Both must have the same {keys:,} rows; got {full} and {begun}.")
    return Compared(taken, full, begun)


def _rows(keys: int, each: int, value: bytes) -> Iterator[tuple[bytes, bytes]]:
    """One of so many rows: users of 288 windows, in the order in which they click."""
    for number in range(0, keys, each):
        start_ms = number * _WINDOWS // keys * _WINDOW_MS
        yield row_key(start_ms, b"user-%08d" % (number * 7_919 % 100_000_007)), value


async def _fill(settings: Settings, given: Iterator[tuple[bytes, bytes]]) -> None:
    """Write rows as a stage's steps do, each with its state."""
    topic = changelog_name(settings, TABLE)
    writers = [
        TransactionalWriter(f"{topic}-{p}", "none", **settings.connection)
        for p in range(settings.partitions)
    ]
    await asyncio.gather(*(writer.start() for writer in writers))
    position = 0
    while rows := list(islice(given, _STEP_ROWS * len(writers))):
        position += len(rows)
        state = msgspec.json.encode(
            Envelope("bench", {"clicks": position}, Ledger(), msgspec.Raw(b"{}"))
        )
        steps: list[dict[bytes, bytes | None]] = [{} for _ in writers]
        for key, counted in rows:
            steps[partition_of(key, len(writers))][key] = counted
        await asyncio.gather(
            *(
                writer.commit({(topic, p): changelog_records({**step, STATE_KEY: state})}, {})
                for p, (writer, step) in enumerate(zip(writers, steps, strict=True))
            )
        )
    await asyncio.gather(*(writer.close() for writer in writers))


def _run(
    setup: Setup, settings: Settings, name: str, *, begin: bool = False, take: bool = False
) -> Done:
    snapshots = setup.directory / "snapshots"
    snapshots.mkdir(exist_ok=True)
    job = Job(
        setup.bootstrap,
        changelog_name(settings, TABLE),
        settings.partitions,
        str(setup.directory / name),
        str(snapshots),
        begin,
        take,
    )
    command = [sys.executable, "-m", "bench.snapshot_run", msgspec.json.encode(job).decode()]
    with pinned(setup.cores.worker):
        done = subprocess.run(
            command, cwd=ROOT, check=True, stdout=subprocess.PIPE, timeout=_SECONDS
        )
    return msgspec.json.decode(done.stdout, type=Done)


def show(compared: Compared) -> None:
    """Print a table, and what the snapshots cost."""
    console = Console(width=None if Console().is_terminal else 100)
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("an empty worker")
    for name in ("rows", "records read", "seconds", "CPU seconds"):
        table.add_column(name, justify="right")
    for what, done in (
        ("restores all of the changelog", compared.full),
        ("begins with a snapshot", compared.begun),
    ):
        figures = (f"{done.seconds:.2f}", f"{done.cpu_s:.2f}")
        table.add_row(what, f"{done.rows:,}", f"{done.records:,}", *figures)
    console.print(table)
    taken = compared.taken
    console.print(
        f"\nTaking it: {taken.taken_bytes / _MIB:,.1f} MiB in {taken.take_seconds:.2f} s; a "
        f"partition stood still for {taken.stood_seconds * 1000:.0f} ms at most."
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.snapshot", description=__doc__)
    parser.add_argument("--keys", type=int, default=_KEYS, help=f"rows of the table [{_KEYS:,}]")
    parser.add_argument(
        "--each", type=int, default=_EACH, help=f"one of so many changes since [{_EACH}]"
    )
    options = parser.parse_args()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    cores = Cores.of_this_machine()
    with (
        pinned(cores.others),
        resolve_broker() as broker,
        workspace(broker.bootstrap, cores) as setup,
    ):
        compared = measure(setup, options.keys, options.each)
    print(machine(cores))
    show(compared)


if __name__ == "__main__":
    main()
