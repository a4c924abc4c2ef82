"""``python -m dev.scaling.measuring``: measure the constants of the model on this machine.

It starts a Kafka of its own, takes some six minutes, and prints JSON. What is measured is
processor time wherever it can be: that of the worker or client, and that of the broker.
"""

import argparse
import json
import logging
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dev.kafka.broker import LocalKafka
from dev.scaling.measuring import groups, producers, stages, states, transactions

_PARTS: dict[str, Callable[[LocalKafka, Path], dict[str, Any]]] = {
    "states": states.measure,
    "groups": groups.measure,
    "transactions": transactions.measure,
    "producers": producers.measure,
    "stages": stages.measure,
}


def main() -> None:
    """Measure what is asked for, one after the other."""
    parser = argparse.ArgumentParser(prog="python -m dev.scaling.measuring", description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(_PARTS)} [all]")
    wanted = parser.parse_args().parts or [*_PARTS]
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # new topics have no leader at first
    for name in [name for name in os.environ if name.startswith("CLICKSTREAM_")]:
        del os.environ[name]  # what is measured is the defaults
    with tempfile.TemporaryDirectory(prefix="clickstream-scaling-") as directory:
        place = Path(directory)
        with LocalKafka(place / "kafka") as kafka:
            for part in wanted:
                print(json.dumps({part: _PARTS[part](kafka, place)}, indent=1), flush=True)


if __name__ == "__main__":
    main()
