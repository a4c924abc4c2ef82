"""Every setting: its unit, default and bounds. The only reader of the environment.

Each field is read from ``CLICKSTREAM_<NAME>``. Durations are seconds as a number, or text such
as ``90s``, ``5m``, ``1h``, ``250ms``; inside they are integer milliseconds (``*_ms``).
"""

import os
import re
import socket
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.rules import rule_of
from models.errors import SettingsError

PREFIX = "CLICKSTREAM_"
DAY_MS = 86_400_000

_HOST = r"^[A-Za-z0-9._-]+$"
_LAST_PORT = 65_535

_UNITS_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": DAY_MS, "": 1_000}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|)")


def duration_ms(value: object) -> int:
    """Turn a duration as people write it into milliseconds.

    Args:
        value: Seconds as a number, or text such as ``90s``, ``5m``, ``1h``, ``250ms``.

    Returns:
        Whole milliseconds, rounded to the nearest.

    Raises:
        ValueError: The text is no duration.
    """
    match = _DURATION.fullmatch(str(value).strip().lower())
    if match is None or isinstance(value, bool):
        raise ValueError("a duration is seconds as a number, or text such as 90s, 5m, 1h, 250ms")
    return round(float(match[1]) * _UNITS_MS[match[2]])


Duration = Annotated[int, BeforeValidator(duration_ms)]


class LatePolicy(StrEnum):
    """What becomes of late records: ``topic`` sends them to late-events, ``discard`` does not."""

    TOPIC = "topic"
    DISCARD = "discard"


class Attribution(StrEnum):
    """Which clicks a purchase is matched to: every pair, the last click or the first."""

    ALL = "all"
    LAST = "last"
    FIRST = "first"


def _setting(default: Any, name: str, description: str, **bounds: Any) -> Any:
    return Field(
        default,
        validation_alias=PREFIX + name,
        description=description,
        validate_default=True,
        **bounds,
    )


class Settings(BaseSettings):
    """The application's settings, frozen and validated at start.

    Raises:
        SettingsError: From :func:`load_settings`, with rule, value and remedy of each fault.
    """

    # An empty variable is an unset one, as compose files write ${NAME:-}.
    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    broker: str = _setting(
        "kafka://localhost:9092",
        "BROKER",
        "Kafka's bootstrap servers: kafka://host:port[,host:port].",
        pattern=r"^(kafka://)?[^,:/\s]+:\d+(,(kafka://)?[^,:/\s]+:\d+)*$",
    )
    app_id: str = _setting(
        "clickstream",
        "APP_ID",
        "Consumer group, and prefix of changelog topics and transactional ids: 1 to 80 letters, "
        "digits, dots, dashes or underscores.",
        pattern=r"^[A-Za-z0-9._-]{1,80}$",
    )
    data_dir: Path = _setting(
        Path("data"), "DATA_DIR", "Directory of the local RocksDB stores; one for each worker."
    )
    partitions: int = _setting(
        8, "PARTITIONS", "Partitions of inner topics, outputs and tables.", ge=1, le=1024
    )
    replication_factor: int = _setting(
        1, "REPLICATION_FACTOR", "Replicas of the topics that init-topics creates.", ge=1, le=10
    )
    topic_prefix: str = _setting(
        "",
        "TOPIC_PREFIX",
        "Put before every topic's name: up to 80 letters, digits, dots, dashes or underscores.",
        pattern=r"^[A-Za-z0-9._-]{0,80}$",
    )
    window_size_ms: Duration = _setting(
        "5m", "WINDOW_SIZE", "Length of a tumbling window.", ge=1, le=366 * DAY_MS
    )
    grace_ms: Duration = _setting(
        "2m", "GRACE", "How long after its end a window still takes clicks.", ge=0, le=366 * DAY_MS
    )
    retention_ms: Duration = _setting(
        "24h", "RETENTION", "How long a closed window stays readable.", ge=0, le=3660 * DAY_MS
    )
    join_within_ms: Duration = _setting(
        "1h",
        "JOIN_WITHIN",
        "A click matches a purchase less than this later.",
        ge=1,
        le=366 * DAY_MS,
    )
    join_grace_ms: Duration | None = _setting(
        None,
        "JOIN_GRACE",
        "Grace of the join; the windows' grace by default.",
        ge=0,
        le=366 * DAY_MS,
    )
    idle_timeout_ms: Duration = _setting(
        "30s", "IDLE_TIMEOUT", "Quiet for this long, an input partition is idle.", ge=100, le=DAY_MS
    )
    watermark_interval_ms: Duration = _setting(
        "500ms",
        "WATERMARK_INTERVAL",
        "Watermark records are at least this far apart.",
        ge=10,
        le=60_000,
    )
    future_skew_ms: Duration = _setting(
        "24h",
        "FUTURE_SKEW",
        "How far an event may lie beyond its Kafka timestamp.",
        ge=0,
        le=3660 * DAY_MS,
    )
    commit_interval_ms: Duration = _setting(
        "100ms",
        "COMMIT_INTERVAL",
        "Transactions of a stage are about this far apart.",
        ge=1,
        le=10_000,
    )
    late_policy: LatePolicy = _setting(
        LatePolicy.TOPIC, "LATE_POLICY", "Late records: topic (late-events) or discard."
    )
    count_bots: bool = _setting(
        True,  # noqa: FBT003 a default, as the others
        "COUNT_BOTS",
        "Whether clicks of bots are counted.",
    )
    attribution: Attribution = _setting(
        Attribution.ALL, "ATTRIBUTION", "Pairs that become conversions: all, last or first click."
    )
    standby_replicas: int = _setting(
        0, "STANDBY_REPLICAS", "Workers that keep a warm copy of each table partition.", ge=0, le=5
    )
    session_timeout_ms: Duration = _setting(
        "10s",
        "SESSION_TIMEOUT",
        "A worker not heard of for this long loses its partitions.",
        ge=1_000,
        le=300_000,
    )
    web_bind: str = _setting(
        "127.0.0.1",
        "WEB_BIND",
        "Address the web views listen on: IPv4, or a host name.",
        pattern=_HOST,
    )
    web_host: str | None = _setting(
        None,
        "WEB_HOST",
        "Host name, or IPv4 address, under which other workers reach this one's web views.",
        pattern=_HOST,
    )

    @field_validator("broker")
    @classmethod
    def _ports(cls, broker: str) -> str:
        if not all(0 < int(port) <= _LAST_PORT for port in re.findall(r":(\d+)", broker)):
            raise ValueError(f"a port is a number from 1 to {_LAST_PORT}")
        return broker

    @property
    def bootstrap_servers(self) -> str:
        """``host:port[,host:port]``, as Kafka's clients take it."""
        return self.broker.replace("kafka://", "")

    @property
    def faust_broker(self) -> list[str]:
        """The broker's addresses as Faust takes them."""
        return [f"kafka://{address}" for address in self.bootstrap_servers.split(",")]

    @property
    def advertised_host(self) -> str:
        """The host other workers use to reach this one's web views."""
        if self.web_host is not None:
            return self.web_host
        return socket.gethostname() if self.web_bind == "0.0.0.0" else self.web_bind  # noqa: S104 compared, not bound

    @property
    def join_grace(self) -> int:
        """Grace of the join in milliseconds: its own where it is set, else that of windows."""
        return self.grace_ms if self.join_grace_ms is None else self.join_grace_ms


def load_settings() -> Settings:
    """Read the settings from the environment.

    Raises:
        SettingsError: One line for each fault: the setting, what was got, the rule.
    """
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsError("\n".join(_fault(e) for e in error.errors())) from None


def _fault(error: Any) -> str:
    variable = str(error["loc"][0])
    fields = Settings.model_fields.items()
    name, field = next((n, f) for n, f in fields if f.validation_alias == variable)
    got = os.environ.get(variable, error["input"])  # as it was written: durations are converted
    rule = f"{rule_of(error, ' ms' if '_ms' in name else '')}. {field.description}"
    return f"{variable}={got!r} is not accepted: {rule} Correct or unset {variable}."
