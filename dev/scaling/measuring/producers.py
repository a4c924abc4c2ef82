"""What a transactional producer costs that has nothing to do: memory, connections, its start."""

import asyncio
import time
from pathlib import Path
from typing import Any

from bench.tree import Tree
from dev.kafka.broker import LocalKafka
from tables.transaction import TransactionalWriter

_COUNT = 200
_SETTLE_SECONDS = 1.0
_IDLE_SECONDS = 5.0


def measure(kafka: LocalKafka, _: Path) -> dict[str, Any]:
    """Of two hundred producers in one process: each one's share."""
    return asyncio.run(_measure(kafka))


async def _measure(kafka: LocalKafka) -> dict[str, Any]:
    before = _resident()
    connections = _connections(kafka)
    writers = [
        TransactionalWriter(f"scaling-{number}", "scaling", bootstrap_servers=kafka.bootstrap)
        for number in range(_COUNT)
    ]
    began_s = time.monotonic()
    await asyncio.gather(*(writer.start() for writer in writers))
    start_s = time.monotonic() - began_s
    await asyncio.sleep(_SETTLE_SECONDS)
    after, open_now = _resident(), _connections(kafka)
    cpu_s, broker = time.process_time(), Tree(kafka.pid or 0)
    idle_from = broker.sample()
    await asyncio.sleep(_IDLE_SECONDS)
    idle = (time.process_time() - cpu_s) / _IDLE_SECONDS
    broker_idle = (broker.sample().cpu_s - idle_from.cpu_s) / _IDLE_SECONDS
    await asyncio.gather(*(writer.close() for writer in writers))
    return {
        "kib": (after - before) / _COUNT,
        "connections": (open_now - connections) / _COUNT,
        "fence_ms": start_s / _COUNT * 1e3,
        "idle_cores": idle / _COUNT,
        "broker_idle_cores": broker_idle / _COUNT,
    }


def _resident() -> int:
    """KiB in use by this process."""
    [line] = [
        t for t in Path("/proc/self/status").read_text().splitlines() if t.startswith("VmRSS")
    ]
    return int(line.split()[1])


def _connections(kafka: LocalKafka) -> int:
    """Sockets that this process has to the broker."""
    remote = f":{kafka.port:04X}"
    lines = [t.split() for t in Path("/proc/self/net/tcp").read_text().splitlines()[1:]]
    return sum(fields[2].endswith(remote) and fields[3] == "01" for fields in lines)
