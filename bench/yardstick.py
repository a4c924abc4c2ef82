"""A fixed piece of work that everything else is held against: ``python -m bench.yardstick``.

It does what a stage does most, with nothing of this application: JSON is read and written, rows
are looked up and replaced in a dict, records are grouped. So a slower machine, or a slow minute,
slows it as it slows the stages, and an upgrade of a client does not move it. Reading the topic
with aiokafka would be such work too, but it takes tenths of a second of processor time, which the
kernel counts in hundredths.
"""

import json
import subprocess
import sys
import time

import msgspec

from bench.cores import pinned
from bench.report import Row
from dev.kafka.jars import ROOT

#: Records of the work; the same for all baselines.
_RECORDS = 800_000
_USERS = 5_000
_ROWS_A_BATCH = 1_000
_SECONDS = 120.0


def measure(core: frozenset[int]) -> Row:
    """Do the work once, in a process of its own on this core."""
    with pinned(core):
        done = subprocess.run(
            [sys.executable, "-m", "bench.yardstick"],
            cwd=ROOT,
            check=True,
            stdout=subprocess.PIPE,
            timeout=_SECONDS,
        )
    return Row("Yardstick", **json.loads(done.stdout), guarantee="-")


def work(records: int) -> int:
    """Count made-up clicks by user, batch by batch; returns how many bytes the counts took."""
    value = b'{"userId":"user-%05d","timestamp":"2026-01-01T00:00:%02d.000Z","page":"/products/%d"}'
    decode, encode = msgspec.json.Decoder().decode, msgspec.json.Encoder().encode
    counts: dict[str, int] = {}
    written = 0
    for start in range(0, records, _ROWS_A_BATCH):
        grouped: dict[str, list[str]] = {}
        for number in range(start, start + _ROWS_A_BATCH):
            click = decode(value % (number * 7919 % _USERS, number % 60, number % 1_000))
            grouped.setdefault(click["userId"], []).append(click["timestamp"])
        for user, times in grouped.items():
            counts[user] = counts.get(user, 0) + len(times)
            written += len(encode({"userId": user, "clickCount": counts[user], "last": max(times)}))
    return written


def main() -> None:
    """Do the work, and print what it took as JSON."""
    began_s, began_cpu_s = time.monotonic(), time.process_time()
    work(_RECORDS)
    seconds, cpu_s = time.monotonic() - began_s, time.process_time() - began_cpu_s
    print(json.dumps({"records": _RECORDS, "seconds": seconds, "cpu_s": cpu_s}))


if __name__ == "__main__":
    main()
