"""``faust -A app verify`` after a whole run: every record read, recounted and compared."""

import json
import os
import resource
import subprocess
import sys
import time
from dataclasses import replace
from typing import Any

from bench.report import Row
from bench.setup import Setup
from bench.worker import BenchError, faust_worker
from dev.kafka.jars import ROOT

#: Name of the application that is verified.
_NAME = "verifying"
#: Seconds a command may take, and the worker to do everything.
_COMMAND_SECONDS = 600.0
_RUN_SECONDS = 900.0
#: Seconds between looks at whether the worker has done everything.
_LOOK_SECONDS = 3.0


def measure(setup: Setup, clicks: int, number: int = 0) -> Row:
    """Run clicks and purchases through all stages, then verify, on the worker's core.

    Raises:
        BenchError: Something is found wrong, or the worker does not get done.
    """
    name = f"{_NAME}-{number}"
    # Topics of its own: the inner topics of the others were filled without inputs.
    environment = replace(setup, prefix=f"{setup.prefix}{name}-").environment(name)
    _command(environment, "init-topics")
    _command(environment, "generate", "--clicks", str(clicks), "--users", "50000")
    log = setup.directory / f"{name}.log"
    with faust_worker("app", environment, log, setup.cores.worker):
        _until_done(environment, clicks)
    before_s = _cpu_s()
    core = ",".join(map(str, setup.cores.worker))
    found = _verify(environment, "taskset", "-c", core)
    expected = sum(row["expected"] for row in found["rows"])
    return Row(
        f"Verifying {clicks:,} clicks, records compared",
        expected,
        found["seconds"],
        _cpu_s() - before_s,
        "independent recount",
    )


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _until_done(environment: dict[str, str], clicks: int) -> None:
    """Wait until all clicks are read, and nothing is on the way twice in a row."""
    deadline_s = time.monotonic() + _RUN_SECONDS
    before, now = 0, _read(environment)
    while now != before or now < clicks:
        if time.monotonic() > deadline_s:
            raise BenchError(f"The worker must be done in {_RUN_SECONDS:.0f} s; it was not.")
        time.sleep(_LOOK_SECONDS)
        before, now = now, _read(environment)


def _read(environment: dict[str, str]) -> int:
    """Clicks that enrichment has read; 0 while any inner record is on the way."""
    stages = json.loads(_command(environment, "ledger", "--json"))["stages"]
    on_the_way = any(stage["onTheWay"] for stage in stages)
    return 0 if on_the_way else int(stages[0]["total"]["read"])


def _verify(environment: dict[str, str], *before: str) -> Any:
    return json.loads(_command(environment, "verify", "--json", before=before))


def _command(environment: dict[str, str], *arguments: str, before: tuple[str, ...] = ()) -> str:
    """What a command of the application says."""
    done = subprocess.run(
        [*before, sys.executable, "-m", "faust", "-A", "app", *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=_COMMAND_SECONDS,
        check=False,
    )
    if done.returncode:
        raise BenchError(f"{arguments[0]} must end with 0; got:\n{done.stdout}{done.stderr}")
    return done.stdout
