"""The demo from the command line: a Kafka, a directory, the play, and nothing left of them."""

import argparse
import asyncio
import logging
import sys
import tempfile
from pathlib import Path

from aiokafka.errors import KafkaError

from dev.demo.acts import LOG, Play
from dev.demo.beside import beside
from dev.demo.errors import DemoError
from dev.demo.interrupt import Interrupt
from dev.demo.processes import run as run_command
from dev.demo.screen import Screen
from dev.demo.site import SETTINGS, Site
from dev.demo.topics import delete_topics
from dev.demo.watch import Watch
from dev.demo.workers import Worker, supervise
from dev.kafka import resolve_broker
from dev.kafka.ports import answers
from dev.kafka.resolve import wants_local_broker

_SHORTEST_S, _LONGEST_S, _DEFAULT_S = 5, 120, 60
_WORKERS = 2
_FAULT = 1


def run(interrupt: Interrupt) -> int:
    """Run what the command line asks for and return the exit code.

    Raises:
        KeyboardInterrupt: A signal was heard; all is cleaned up.
    """
    seconds = _seconds()
    # What the client logs about a broker that goes is told in one sentence.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    with Screen() as screen:
        try:
            _run(screen, seconds, interrupt)
        except (DemoError, KafkaError) as error:
            screen.progress("")
            sys.stderr.write(f"clickstream: {error}\n")
            return _FAULT
        except KeyboardInterrupt:
            screen.progress("")
            screen.say("Stopped. Nothing is left behind.")
            raise
    return 0


def _run(screen: Screen, seconds: int, interrupt: Interrupt) -> None:
    screen.heading("clickstream: counts per user, and conversions, exactly once")
    own = wants_local_broker()
    if own:
        screen.say("Starting a Kafka of its own ...")
    with (
        resolve_broker() as broker,
        tempfile.TemporaryDirectory(prefix="clickstream-demo-") as directory,
    ):
        site = Site(broker, Path(directory))
        interrupt.run(_perform(site, screen, seconds, own=own))
    screen.say("Workers, topics and files are gone: nothing is left behind.")


async def _perform(site: Site, screen: Screen, seconds: int, *, own: bool) -> None:
    _check(site)
    watch = Watch(site, screen)
    workers = [Worker(site, number + 1) for number in range(_WORKERS)]
    play = Play(site, screen, workers, watch, seconds)
    try:
        screen.say(
            f"Kafka is at {site.broker.bootstrap}, topics are {site.prefix}*. Settings are the "
            f"defaults: windows of {SETTINGS['WINDOW_SIZE']} that close {SETTINGS['GRACE']} after "
            f"their end, purchases less than {SETTINGS['JOIN_WITHIN']} after their click."
        )
        await run_command(site, "init-topics", "init-topics")
        company = (supervise(workers, screen.say), watch.read(), watch.show())
        await beside(play.perform(), *company)
    except asyncio.CancelledError:
        screen.progress("")
        screen.say("Stopping the workers ...")
        raise
    finally:
        screen.progress("")
        if not own:
            await _delete_topics(site, screen)


async def _delete_topics(site: Site, screen: Screen) -> None:
    try:
        await delete_topics(site)
    except KafkaError as error:
        screen.say(f"Kafka does not delete the topics {site.prefix}* ({error}): they are left.")


def _check(site: Site) -> None:
    """Raise DemoError where no broker answers: commands would wait for it."""
    addresses = [address.rsplit(":", 1) for address in site.broker.bootstrap.split(",")]
    if not any(answers(host, int(port)) for host, port in addresses):
        raise DemoError(
            f"A Kafka must answer at {site.broker.bootstrap}, and none does: start it, or unset "
            "CLICKSTREAM_BROKER"
        )


def _seconds() -> int:
    parser = argparse.ArgumentParser(
        prog="make demo",
        description=f"Runs {LOG}, then generated traffic, through two workers.",
        usage='make demo [ARGS="--seconds N"]',
    )
    parser.add_argument(
        "--seconds",
        type=int,
        default=_DEFAULT_S,
        metavar="N",
        help=f"of generated traffic, {_SHORTEST_S} to {_LONGEST_S} (default: {_DEFAULT_S})",
    )
    seconds = int(parser.parse_args().seconds)
    if not _SHORTEST_S <= seconds <= _LONGEST_S:
        parser.error(f"--seconds is a number from {_SHORTEST_S} to {_LONGEST_S}; got {seconds}")
    return seconds
