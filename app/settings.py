"""Every setting: its unit, default and bounds. The only reader of the environment.

Each field is read from ``CLICKSTREAM_<NAME>``. Durations are seconds as a number, or text such
as ``90s``, ``5m``, ``1h``, ``250ms``; inside they are integer milliseconds (``*_ms``).
"""

import os
import re
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import ValidationError, field_validator
from pydantic_settings import SettingsConfigDict

from app.computation import Computation
from app.fields import Duration, setting
from app.kafka_security import KafkaSecurity
from app.registry.security import SchemaRegistry
from app.rules import rule_of
from app.telemetry import Telemetry
from app.web_security import WebSecurity
from models.errors import SettingsError

_LAST_PORT = 65_535

#: What the version without a name is called where a name is needed.
MAIN = "main"


class HistoryPolicy(StrEnum):
    """When a worker reads the logs to tell of the past.

    ``asked``: at the first question; ``on``: from its start on; ``off``: never.
    """

    ASKED = "asked"
    ON = "on"
    OFF = "off"


class Settings(Computation, KafkaSecurity, SchemaRegistry, WebSecurity, Telemetry):
    """The application's settings, frozen and validated at start.

    Raises:
        SettingsError: From :func:`load_settings`, with rule, value and remedy of each fault.
    """

    # An empty variable is an unset one, as compose files write ${NAME:-}.
    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    broker: str = setting(
        "kafka://localhost:9092",
        "BROKER",
        "Kafka's bootstrap servers: kafka://host:port[,host:port].",
        pattern=r"^(kafka://)?[^,:/\s]+:\d+(,(kafka://)?[^,:/\s]+:\d+)*$",
    )
    app_id: str = setting(
        "clickstream",
        "APP_ID",
        "Consumer group, and prefix of changelog topics and transactional ids: 1 to 80 letters, "
        "digits, dots, dashes or underscores.",
        pattern=r"^[A-Za-z0-9._-]{1,80}$",
    )
    data_dir: Path = setting(
        Path("data"), "DATA_DIR", "Directory of the local RocksDB stores; one for each worker."
    )
    snapshot: Path | None = setting(
        None, "SNAPSHOT", "Directory of snapshots, which a store that is empty begins with."
    )
    replication_factor: int = setting(
        1, "REPLICATION_FACTOR", "Replicas of the topics that init-topics creates.", ge=1, le=10
    )
    topic_prefix: str = setting(
        "",
        "TOPIC_PREFIX",
        "Put before every topic's name: up to 80 letters, digits, dots, dashes or underscores.",
        pattern=r"^[A-Za-z0-9._-]{0,80}$",
    )
    version: str = setting(
        "",
        "VERSION",
        "Version of the application that is meant: it has all but the inputs to itself. Up to 20 "
        f"letters, digits or dashes; none, or {MAIN}, is the one that replays are compared with.",
        pattern=r"^[A-Za-z0-9-]{0,20}$",
    )
    commit_interval_ms: Duration = setting(
        "100ms",
        "COMMIT_INTERVAL",
        "Transactions of a stage are about this far apart; those nobody waits for at least 100 ms.",
        ge=1,
        le=10_000,
    )
    standby_replicas: int = setting(
        0, "STANDBY_REPLICAS", "Workers that keep a warm copy of each table partition.", ge=0, le=5
    )
    session_timeout_ms: Duration = setting(
        "10s",
        "SESSION_TIMEOUT",
        "A worker not heard of for this long loses its partitions.",
        ge=1_000,
        le=300_000,
    )

    ready_lag: int = setting(
        100_000, "READY_LAG", "A worker with more records to read is not ready.", ge=0
    )

    history: HistoryPolicy = setting(
        HistoryPolicy.ASKED,
        "HISTORY",
        "When a worker copies the logs to DATA_DIR to tell of the past: asked (at the first "
        "question), on (from its start on) or off.",
    )

    @field_validator("broker")
    @classmethod
    def _ports(cls, broker: str) -> str:
        if not all(0 < int(port) <= _LAST_PORT for port in re.findall(r":(\d+)", broker)):
            raise ValueError(f"a port is a number from 1 to {_LAST_PORT}")
        return broker

    @field_validator("version")
    @classmethod
    def _unnamed(cls, version: str) -> str:
        return "" if version == MAIN else version

    @property
    def identity(self) -> str:
        """Consumer group, and prefix of transactional ids, of this version."""
        return f"{self.app_id}.{self.version}" if self.version else self.app_id

    @property
    def directory(self) -> Path:
        """What this version has of the data directory: two may run beside each other."""
        return self.data_dir / self.version

    @property
    def bootstrap_servers(self) -> str:
        """``host:port[,host:port]``, as Kafka's clients take it."""
        return self.broker.replace("kafka://", "")

    @property
    def connection(self) -> dict[str, Any]:
        """What every Kafka client is made with: where Kafka is, and how to be let in."""
        return {"bootstrap_servers": self.bootstrap_servers, **self.security}

    @property
    def faust_broker(self) -> list[str]:
        """The broker's addresses as Faust takes them."""
        return [f"kafka://{address}" for address in self.bootstrap_servers.split(",")]


def load_settings(changes: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from the environment.

    Args:
        changes: Variables that are set otherwise than there.

    Raises:
        SettingsError: One line for each fault: the setting, what was got, the rule.
    """
    changed = {} if changes is None else dict(changes)
    try:
        return Settings.model_validate(changed)
    except ValidationError as error:
        given = os.environ | changed
        raise SettingsError("\n".join(_fault(e, given) for e in error.errors())) from None


def environment(changes: Mapping[str, str]) -> dict[str, str]:
    """The environment of a process that is to run with other settings."""
    return os.environ | dict(changes)


def _fault(error: Any, given: Mapping[str, str]) -> str:
    if not error["loc"]:  # of several settings together: a sentence of its own
        return str(error["ctx"]["error"])
    variable = str(error["loc"][0])
    fields = Settings.model_fields.items()
    name, field = next((n, f) for n, f in fields if f.validation_alias == variable)
    got = given.get(variable, error["input"])  # as it was written: durations are converted
    rule = f"{rule_of(error, ' ms' if '_ms' in name else '')}. {field.description}"
    return f"{variable}={got!r} is not accepted: {rule} Correct or unset {variable}."
