"""``python -m bench.replay``: a replay of many records beside traffic, and the two compared.

Clicks and purchases in disorder, some late, some rubbish, are written while a worker takes them;
then a second version replays all of it from the start while a tenth of that traffic goes on. Both
are compared three times: when the replay has caught up, while traffic goes on; a little later; and
at rest. Exit code 1 on any difference.
"""

import argparse
import asyncio
import logging
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.cores import Cores
from bench.report import machine
from dev.demo.beside import beside
from dev.demo.errors import DemoError
from dev.demo.interrupt import Interrupt
from dev.demo.processes import POLL_S, end, spawn
from dev.drills.arena import Arena, arena_of, topics
from dev.drills.judge import asked
from dev.drills.workers import supervise
from dev.kafka import KafkaError, LocalKafka

_VERSION = "v2"
_CAUGHT_UP = "has caught up"
#: Seconds between two looks at the partitions.
_LOOK_S = 1.0
#: Seconds of traffic between the first comparison and the second.
_LATER_S = 10.0
#: Records a second that nothing here should fall behind.
_LEAST_RATE = 500


@dataclass(frozen=True, slots=True)
class Compared:
    """One comparison.

    Attributes:
        when: In words.
        records: How many were compared.
        differences: How many differ.
        seconds: How long it took.
    """

    when: str
    records: int
    differences: int
    seconds: float


def main() -> None:
    """Replay and compare; exit code 1 on any difference."""
    parser = argparse.ArgumentParser(prog="python -m bench.replay", description=__doc__)
    parser.add_argument("--records", type=int, default=200_000, help="to replay [200000]")
    parser.add_argument("--rate", type=int, default=20_000, help="records a second [20000]")
    parser.add_argument("--seed", type=int, default=1, help="of the records [1]")
    parser.add_argument("--keep", action="store_true", help="keep the logs")
    options = parser.parse_args()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # new topics have no leader at first
    interrupt = Interrupt()
    interrupt.listen()
    directory = Path(tempfile.mkdtemp(prefix="clickstream-replay-"))
    print(machine(Cores.named("all")))
    try:
        with LocalKafka(directory / "kafka") as kafka:
            found = interrupt.run(_run(kafka, directory, options))
    except (DemoError, KafkaError) as error:
        sys.exit(f"bench: {error}")
    except KeyboardInterrupt:
        sys.exit(interrupt.exit_code)
    finally:
        if options.keep:
            print(f"Logs are in {directory}.")
        else:
            shutil.rmtree(directory, ignore_errors=True)
    if wrong := [compared for compared in found if compared.differences or not compared.records]:
        sys.exit(f"bench: {wrong[0].when}: {wrong[0].differences:,} differences")


async def _run(kafka: LocalKafka, directory: Path, options: argparse.Namespace) -> list[Compared]:
    arena = arena_of(
        kafka,
        directory,
        "replay",
        options.seed,
        workers=1,
        records=options.records,
        rate=options.rate,
        look_s=_LOOK_S,
    )
    async with topics(arena.site):
        return await beside(
            _measure(arena, options), supervise(arena.workers), arena.load.run(), arena.prober.run()
        )


async def _measure(arena: Arena, options: argparse.Namespace) -> list[Compared]:
    patience_s = 120 + options.records / _LEAST_RATE
    began_s = time.monotonic()
    await arena.until_ready()
    await _until(lambda: arena.load.done and not _behind(arena), "the first version", patience_s)
    took_s = time.monotonic() - began_s
    print(f"{arena.load.sent:,} records were written and worked off in {took_s:.1f} s.", flush=True)
    replay = spawn(arena.site, "replay", "replay", "--as", _VERSION)
    try:
        began_s, before = time.monotonic(), arena.load.sent
        log = arena.site.log("replay")

        def caught_up() -> bool:
            if replay.poll() is not None:
                raise DemoError(f"The replay ended:\n{log.read_text()}")
            return _CAUGHT_UP in log.read_text()

        await _until(caught_up, "the replay to catch up", patience_s)
        took_s, sent = time.monotonic() - began_s, arena.load.sent
        print(
            f"{sent:,} records were replayed in {took_s:.1f} s, {sent / took_s:,.0f} a second, "
            f"while {sent - before:,} more came.",
            flush=True,
        )
        found = [await _compared(arena, "traffic goes on")]
        await asyncio.sleep(_LATER_S)
        found.append(await _compared(arena, "traffic went on"))
        arena.load.end()
        await arena.finish()
        found.append(await _compared(arena, "at rest"))
    finally:
        await end([replay])
    return found


def _behind(arena: Arena) -> bool:
    """Whether more is unread than comes in a look or two."""
    return arena.prober.behind > arena.load.rate


async def _until(condition: Callable[[], bool], what: str, seconds: float) -> None:
    deadline_s = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline_s:
            raise DemoError(f"Waited {seconds:.0f} s for {what}.")
        await asyncio.sleep(POLL_S)


async def _compared(arena: Arena, when: str) -> Compared:
    found: Any = await asked(arena.site, "diff", "main", _VERSION)
    records = sum(max(line["records"]) for line in found["compared"])
    compared = Compared(when, records, found["differences"], found["seconds"])
    print(
        f"{when}: {compared.records:,} records compared in {compared.seconds:.1f} s, "
        f"{compared.differences:,} differences.",
        flush=True,
    )
    for kind in found["kinds"]:
        print(f"  {kind['count']:,} {kind['what']}: {kind['kind']}. {kind['explanation']}")
        for text in kind["examples"]:
            print(f"    {text}")
    return compared


if __name__ == "__main__":
    main()
