"""``python -m examples.read_model FILE``: keep a read model up to date, rebuild it, or ask it."""

import argparse
import asyncio
import os
import re
import sys
from pathlib import Path

from examples.read_model.errors import ModelError
from examples.read_model.model import Model
from examples.read_model.queries import QUERIES
from examples.read_model.reading import reader

_BATCH = 10_000
_MOST = 1_000_000


def main() -> None:
    """Do what the command line says; exit code 1 with a sentence when it can't be done."""
    options = _options()
    try:
        if options.query:
            print(Model(options.file).shown(QUERIES[options.query]))
        elif options.rebuild:
            asyncio.run(_rebuild(options))
        else:
            asyncio.run(_read(options, options.file, until_end=options.once))
    except ModelError as error:
        sys.exit(f"Error: {error}")
    except KeyboardInterrupt:
        pass


async def _read(options: argparse.Namespace, file: Path, *, until_end: bool) -> None:
    """Read on from the model's positions, each batch of records in one transaction."""
    model = Model(file)
    read = 0
    async with reader(options.broker, options.prefix, model.positions(), options.batch) as source:
        model.begin(await source.positions())
        ends = await source.ends()
        while not (until_end and await source.at_end(ends)):
            batches = await source.next()
            for passed_over in model.apply(batches) if batches else ():
                print(f"passed over in {passed_over}, none of the application's", file=sys.stderr)
            if came := sum(len(batch.values) for batch in batches):
                read += came
                print(f"{read:,} records", flush=True)


async def _rebuild(options: argparse.Namespace) -> None:
    """Read everything into a new file, which takes the old one's place when it is complete."""
    old, new = Model(options.file), options.file.with_name(f"{options.file.name}.new")
    old.settle()
    for left in (new, new.with_name(f"{new.name}.wal")):
        left.unlink(missing_ok=True)
    await _read(options, new, until_end=True)
    old.settle()
    new.replace(options.file)


def _options() -> argparse.Namespace:
    broker = os.environ.get("CLICKSTREAM_BROKER", "localhost:9092")
    prefix = os.environ.get("CLICKSTREAM_TOPIC_PREFIX", "")
    parser = argparse.ArgumentParser(prog="python -m examples.read_model", description=__doc__)
    parser.add_argument("file", type=Path, help="the model's DuckDB file")
    parser.add_argument("--once", action="store_true", help="end when all that is there is read")
    parser.add_argument("--rebuild", action="store_true", help="read everything again, then end")
    parser.add_argument("--query", choices=QUERIES, help="ask the model")
    parser.add_argument(
        "--broker", type=_address, default=broker, help=f"host:port[,host:port] [{broker}]"
    )
    parser.add_argument("--prefix", default=prefix, help="before the topics' names")
    parser.add_argument(
        "--batch", type=_number, default=_BATCH, help=f"records at a time [{_BATCH}]"
    )
    return parser.parse_args()


def _address(text: str) -> str:
    """Kafka's addresses, as its client takes them."""
    if not re.fullmatch(r"(kafka://)?[^,\s]+:\d+(,(kafka://)?[^,\s]+:\d+)*", text):
        raise argparse.ArgumentTypeError(f"must be host:port[,host:port]; got {text!r}")
    return text.replace("kafka://", "")


def _number(text: str) -> int:
    """How many records."""
    if not (text.isdecimal() and 0 < int(text) <= _MOST):
        raise argparse.ArgumentTypeError(f"must be a number from 1 to {_MOST:,}; got {text!r}")
    return int(text)


if __name__ == "__main__":
    main()
