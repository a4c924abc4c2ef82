"""Where one demo takes place: its broker, its names, its directory."""

import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dev.kafka import Broker

TOPICS = (
    "clicks",
    "purchases",
    "enriched-clicks",
    "purchases-by-user",
    "click-counts",
    "conversion-events",
    "unattributed-purchases",
    "late-events",
    "dead-letters",
)
"""What the demo reads, by short name."""

WINDOW_MS = 300_000
SETTINGS = {
    "WINDOW_SIZE": "5m",
    "GRACE": "2m",
    "JOIN_WITHIN": "1h",
    "LATE_POLICY": "topic",
    "COUNT_BOTS": "true",
}
"""The settings' defaults, spelt out: the demo tells of them and reckons with them."""

_VARIABLE = "CLICKSTREAM_"


def _prefix() -> str:
    return f"demo-{uuid.uuid4().hex[:8]}-"


@dataclass(frozen=True, slots=True)
class Site:
    """Where one demo, or drill, takes place.

    Attributes:
        broker: The Kafka.
        directory: For data and logs; it goes when the demo does.
        prefix: Before the names of all its topics.
        settings: The application's, by name without their prefix.
    """

    broker: Broker
    directory: Path
    prefix: str = field(default_factory=_prefix)
    settings: Mapping[str, str] = field(default_factory=lambda: SETTINGS)

    def topic(self, short: str) -> str:
        """A topic's full name."""
        return self.prefix + short

    def environment(self, name: str) -> dict[str, str]:
        """Environment of a worker or a command; settings of one's own don't reach it.

        Args:
            name: Whose; its data directory is called so.
        """
        others = {k: v for k, v in os.environ.items() if not k.startswith(_VARIABLE)}
        ours = {
            **self.settings,
            "BROKER": self.broker.url,
            "TOPIC_PREFIX": self.prefix,
            "APP_ID": f"{self.prefix}app",
            "DATA_DIR": str(self.directory / f"{name}-data"),
        }
        return others | {_VARIABLE + key: value for key, value in ours.items()}

    def log(self, name: str) -> Path:
        """File for what a worker or a command prints."""
        return self.directory / f"{name}.log"
