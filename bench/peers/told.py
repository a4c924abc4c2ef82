"""What a peer's program is told, through its environment, and what it says on standard output.

Standard library only, and no import of the application: peers' programs, which run in environments
of their own, import it.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

#: The line a program prints when its source is about to read the first record.
READY = "READY"
#: What a program that only reads says at the end, followed by the number of records with a value.
READ = "READ "


@dataclass(frozen=True, slots=True)
class Told:
    """What a peer's program is told.

    Attributes:
        bootstrap: ``host:port[,host:port]`` of Kafka.
        input: Topic of the enriched clicks; records without a value are to be skipped.
        output: Topic of the counts: JSON with userId, clickCount, windowStart (ISO or epoch ms).
        group: Consumer group, application id and prefix of transactional ids.
        partitions: Of either topic.
        window_ms: Length of a window.
        grace_ms: How long after its end a window closes, by event time.
        directory: Scratch, for state.
    """

    bootstrap: str
    input: str
    output: str
    group: str
    partitions: int
    window_ms: int
    grace_ms: int
    directory: Path

    @classmethod
    def from_environment(cls, variables: Mapping[str, str] = os.environ) -> Self:
        """Read what :meth:`to_environment` wrote."""
        return cls(
            bootstrap=variables["BENCH_BOOTSTRAP"],
            input=variables["BENCH_INPUT"],
            output=variables["BENCH_OUTPUT"],
            group=variables["BENCH_GROUP"],
            partitions=int(variables["BENCH_PARTITIONS"]),
            window_ms=int(variables["BENCH_WINDOW_MS"]),
            grace_ms=int(variables["BENCH_GRACE_MS"]),
            directory=Path(variables["BENCH_DIR"]),
        )

    def to_environment(self) -> dict[str, str]:
        """The variables to set."""
        return {
            "BENCH_BOOTSTRAP": self.bootstrap,
            "BENCH_INPUT": self.input,
            "BENCH_OUTPUT": self.output,
            "BENCH_GROUP": self.group,
            "BENCH_PARTITIONS": str(self.partitions),
            "BENCH_WINDOW_MS": str(self.window_ms),
            "BENCH_GRACE_MS": str(self.grace_ms),
            "BENCH_DIR": str(self.directory),
        }


def ready() -> None:
    """Say that the source is about to read the first record."""
    print(READY, flush=True)


def has_read(records: int) -> None:
    """Say that a program that only reads has read everything."""
    print(f"{READ}{records}", flush=True)
