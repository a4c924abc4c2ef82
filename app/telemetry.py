"""How a worker tells what it does, beside its web views: its log, and traces."""

from enum import StrEnum

from pydantic_settings import BaseSettings

from app.fields import setting


class LogFormat(StrEnum):
    """How log lines are written: ``auto`` is console on a terminal, json otherwise."""

    AUTO = "auto"
    CONSOLE = "console"
    JSON = "json"


class Telemetry(BaseSettings):
    """The settings of log and traces."""

    log_format: LogFormat = setting(
        LogFormat.AUTO,
        "LOG_FORMAT",
        "Lines of the log: auto (console on a terminal, else json), console or json.",
    )
    otlp_endpoint: str | None = setting(
        None,
        "OTLP_ENDPOINT",
        "Where traces are sent by OTLP over HTTP, such as http://127.0.0.1:4318; none if unset.",
        pattern=r"^https?://[^\s/?#]+(/[^\s?#]*)?$",
    )
