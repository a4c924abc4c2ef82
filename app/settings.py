"""Every setting: its unit, default and bounds. The only reader of the environment.

Each field is read from ``CLICKSTREAM_<NAME>``. Durations are seconds as a number, or text such
as ``90s``, ``5m``, ``1h``, ``250ms``; inside they are integer milliseconds (``*_ms``).
"""

import os
import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import ValidationError, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from app.fields import DAY_MS, Duration, setting
from app.kafka_security import KafkaSecurity
from app.registry.security import SchemaRegistry
from app.rules import rule_of
from app.telemetry import Telemetry
from app.web_security import WebSecurity
from models.errors import SettingsError

_LAST_PORT = 65_535

#: What the version without a name is called where a name is needed.
MAIN = "main"


class LatePolicy(StrEnum):
    """What becomes of late records: to late-events, nowhere, or they revise what was emitted."""

    TOPIC = "topic"
    DISCARD = "discard"
    REVISE = "revise"


class Attribution(StrEnum):
    """Which clicks a purchase is matched to: every pair, the last click or the first."""

    ALL = "all"
    LAST = "last"
    FIRST = "first"


class HistoryPolicy(StrEnum):
    """When a worker reads the logs to tell of the past.

    ``asked``: at the first question; ``on``: from its start on; ``off``: never.
    """

    ASKED = "asked"
    ON = "on"
    OFF = "off"


class Settings(KafkaSecurity, SchemaRegistry, WebSecurity, Telemetry):
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
    partitions: int = setting(
        8, "PARTITIONS", "Partitions of inner topics, outputs and tables.", ge=1, le=1024
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
    window_size_ms: Duration = setting(
        "5m", "WINDOW_SIZE", "Length of a tumbling window.", ge=1, le=366 * DAY_MS
    )
    grace_ms: Duration = setting(
        "2m", "GRACE", "How long after its end a window still takes clicks.", ge=0, le=366 * DAY_MS
    )
    retention_ms: Duration = setting(
        "24h", "RETENTION", "How long a closed window stays readable.", ge=0, le=3660 * DAY_MS
    )
    join_within_ms: Duration = setting(
        "1h",
        "JOIN_WITHIN",
        "A click matches a purchase less than this later.",
        ge=1,
        le=366 * DAY_MS,
    )
    join_grace_ms: Duration | None = setting(
        None,
        "JOIN_GRACE",
        "Grace of the join; the windows' grace by default.",
        ge=0,
        le=366 * DAY_MS,
    )
    idle_timeout_ms: Duration = setting(
        "30s", "IDLE_TIMEOUT", "Quiet for this long, an input partition is idle.", ge=100, le=DAY_MS
    )
    watermark_interval_ms: Duration = setting(
        "500ms",
        "WATERMARK_INTERVAL",
        "Watermark records are at least this far apart.",
        ge=10,
        le=60_000,
    )
    future_skew_ms: Duration = setting(
        "24h",
        "FUTURE_SKEW",
        "How far an event may lie beyond its Kafka timestamp.",
        ge=0,
        le=3660 * DAY_MS,
    )
    commit_interval_ms: Duration = setting(
        "100ms",
        "COMMIT_INTERVAL",
        "Transactions of a stage are about this far apart; those nobody waits for at least 100 ms.",
        ge=1,
        le=10_000,
    )
    late_policy: LatePolicy = setting(
        LatePolicy.TOPIC,
        "LATE_POLICY",
        "Late records: topic (late-events), discard, or revise (what they change is sent again).",
    )
    revise_horizon_ms: Duration = setting(
        "1h",
        "REVISE_HORIZON",
        "How late a record may be that revises; those beyond go to late-events.",
        ge=1,
        le=3660 * DAY_MS,
    )
    count_bots: bool = setting(
        True,  # noqa: FBT003 a default, as the others
        "COUNT_BOTS",
        "Whether clicks of bots are counted.",
    )
    attribution: Attribution = setting(
        Attribution.ALL, "ATTRIBUTION", "Pairs that become conversions: all, last or first click."
    )
    rankings: str = setting(
        "products,pages",
        "RANKINGS",
        "What is ranked in every window beside users: products,pages or one of them, or none.",
        pattern=r"^(none|(products|pages)(,(products|pages))?)$",
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

    @model_validator(mode="after")
    def _revisions_fit(self) -> "Settings":
        if faults := list(self._revision_faults()):
            raise ValueError("\n".join(faults))
        return self

    def _revision_faults(self) -> Iterator[str]:
        if self.revise_ms and self.attribution is not Attribution.ALL:
            yield (
                "CLICKSTREAM_LATE_POLICY=revise needs all pairs: who was chosen can't be unsaid; "
                f"CLICKSTREAM_ATTRIBUTION is {self.attribution}. Set it to all, or "
                "CLICKSTREAM_LATE_POLICY to topic or discard."
            )
        if self.revise_ms > self.retention_ms:
            yield (
                "CLICKSTREAM_REVISE_HORIZON must not be longer than CLICKSTREAM_RETENTION, for "
                f"which counts are kept; it is {self.revise_horizon_ms} ms, and they are kept for "
                f"{self.retention_ms} ms. Shorten the one or lengthen the other."
            )

    @property
    def revise_ms(self) -> int:
        """How late a record may be that revises, in milliseconds; 0 where none does."""
        return self.revise_horizon_ms if self.late_policy is LatePolicy.REVISE else 0

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

    @property
    def join_grace(self) -> int:
        """Grace of the join in milliseconds: its own where it is set, else that of windows."""
        return self.grace_ms if self.join_grace_ms is None else self.join_grace_ms

    @property
    def ranked(self) -> tuple[str, ...]:
        """What is ranked beside users; empty for ``none``."""
        return () if self.rankings == "none" else tuple(self.rankings.split(","))


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
