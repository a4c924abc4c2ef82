"""`python -m dev.registry`: a schema registry in the foreground, on `--port` (8081)."""

import argparse
import signal
import sys
import tempfile
from pathlib import Path

from dev.kafka.errors import KafkaError
from dev.registry.registry import LocalRegistry

_HIGHEST_PORT = 65_535


def main() -> None:
    """Run it until it is interrupted; errors are one message and exit code 1."""
    parser = argparse.ArgumentParser(prog="python -m dev.registry", description=__doc__)
    parser.add_argument("--port", type=_port, default=8081)
    port = parser.parse_args().port
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with (
            tempfile.TemporaryDirectory(prefix="clickstream-registry-") as directory,
            LocalRegistry(Path(directory), port) as registry,
        ):
            print(f"The registry answers at CLICKSTREAM_SCHEMA_REGISTRY={registry.url}", flush=True)
            registry.wait()
    except KafkaError as error:
        sys.exit(f"clickstream: {error}")
    except KeyboardInterrupt:
        print("The registry has stopped.")


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= _HIGHEST_PORT:
        msg = f"a port is a number from 1 to {_HIGHEST_PORT}; got {text!r}"
        raise argparse.ArgumentTypeError(msg)
    return int(text)


if __name__ == "__main__":
    main()
