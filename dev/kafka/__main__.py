"""`python -m dev.kafka`: a broker in the foreground, on CLICKSTREAM_KAFKA_PORT (default 9092).

Its data stays in the checkout's `.kafka/`, so that the next start finds the topics again. With
`--prepare` it only fetches the jars, where a local broker will need them.
"""

import argparse
import os
import signal
import sys
from types import FrameType

from dev.kafka.broker import LocalKafka
from dev.kafka.errors import KafkaError, StartError
from dev.kafka.jars import ROOT, ensure_jars
from dev.kafka.resolve import wants_local_broker

_DEFAULT_PORT = 9092
_HIGHEST_PORT = 65_535


def main() -> None:
    """Run what the command line asks for; errors are one message and exit code 1."""
    parser = argparse.ArgumentParser(prog="python -m dev.kafka", description=__doc__)
    parser.add_argument("--prepare", action="store_true", help="only fetch Kafka's jars")
    prepare_only = parser.parse_args().prepare
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGHUP, _interrupt)
    try:
        _prepare() if prepare_only else _run(_port())
    except KafkaError as error:
        sys.exit(f"clickstream: {error}")
    except KeyboardInterrupt:
        print("Kafka has stopped.")


def _prepare() -> None:
    if wants_local_broker():
        ensure_jars()


def _run(port: int) -> None:
    """Run a broker until it is interrupted; raise StartError if it ends of itself."""
    with LocalKafka(ROOT / ".kafka" / f"broker-{port}", port) as kafka:
        print(f"Kafka listens on {kafka.bootstrap} (CLICKSTREAM_BROKER={kafka.url}).")
        print(f"Its data and log are in {kafka.directory}. Ctrl-C stops it.", flush=True)
        code = kafka.wait()
        raise StartError(f"Kafka ended of itself with exit code {code}", kafka.log)


def _port() -> int:
    """Return the port of CLICKSTREAM_KAFKA_PORT."""
    text = os.environ.get("CLICKSTREAM_KAFKA_PORT") or str(_DEFAULT_PORT)
    if not text.isdecimal() or not 0 < int(text) <= _HIGHEST_PORT:
        msg = f"CLICKSTREAM_KAFKA_PORT is a number from 1 to {_HIGHEST_PORT}, and it is {text!r}"
        raise KafkaError(f"{msg}: set it, or leave it unset for {_DEFAULT_PORT}")
    return int(text)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
