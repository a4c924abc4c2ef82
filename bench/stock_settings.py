"""What the stock worker is told, through its environment."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Self

#: What a line of the stock worker's report begins with.
MARK = "counted: "

_VARIABLE = "BENCH_STOCK"


@dataclass(frozen=True, slots=True)
class StockSettings:
    """The stock worker's settings.

    Attributes:
        bootstrap: ``host:port[,host:port]`` of Kafka.
        app_id: Consumer group.
        store: Faust's URL of the kind of store, such as ``memory://``.
        data_dir: Directory of the stores.
        topic: Full name of the enriched clicks.
        partitions: Their partitions.
        window_s: Length of a window, in seconds.
        retention_s: How long a window stays, in seconds, by the wall clock.
    """

    bootstrap: str
    app_id: str
    store: str
    data_dir: str
    topic: str
    partitions: int
    window_s: float
    retention_s: float

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read what :meth:`to_environment` wrote."""
        return cls(**json.loads(environment[_VARIABLE]))

    def to_environment(self) -> dict[str, str]:
        """The variables to set."""
        return {_VARIABLE: json.dumps(asdict(self))}
