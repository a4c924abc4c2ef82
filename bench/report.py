"""What was measured once, and where."""

import os
import platform
from dataclasses import dataclass
from pathlib import Path

from bench.cores import Cores
from dev.kafka.jars import ensure_jars
from dev.kafka.resolve import wants_local_broker

#: What is measured is no shorter: the kernel counts processor time in hundredths.
_LEAST_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement.

    Attributes:
        what: What was measured.
        records: How many clicks, or records.
        seconds: By the wall clock.
        cpu_s: Processor seconds of the process, all its threads.
        guarantee: What holds after a crash.
        peak_bytes: The most memory used; 0 where nobody looked.
        used_bytes: The memory in use at ten moments of the run; none where nobody looked.
    """

    what: str
    records: int
    seconds: float
    cpu_s: float
    guarantee: str
    peak_bytes: int = 0
    used_bytes: tuple[int, ...] = ()

    @property
    def per_second(self) -> float:
        """Records a second of wall time."""
        return self.records / max(self.seconds, _LEAST_SECONDS)

    @property
    def per_cpu_second(self) -> float:
        """Records a second of processor time."""
        return self.records / max(self.cpu_s, _LEAST_SECONDS)


def machine(cores: Cores) -> str:
    """The machine and its software in one line."""
    count = os.cpu_count() or 1
    shared = "shared with Kafka" if cores.worker == cores.others else "of its own"
    model = _model()
    return (
        f"{count} cores{f' ({model})' if model else ''}, the worker on one {shared}; "
        f"Python {platform.python_version()}, {_kafka()}, {platform.system()} {platform.release()}"
    )


def _model() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), "")


def _kafka() -> str:
    if not wants_local_broker():
        return f"Kafka at {os.environ.get('CLICKSTREAM_BROKER', 'the compose file')}"
    jar = next(ensure_jars().glob("kafka_*.jar"), None)
    return f"Kafka {jar.stem.rpartition('-')[2]}" if jar else "Kafka"
