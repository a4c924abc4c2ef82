"""The topics of the application: names, partitions, configuration."""

from dataclasses import dataclass, field
from typing import Protocol

from models.dead_letters import DEAD_LETTERS
from tables.tombstones import TOMBSTONES_KEPT_MS

#: Bytes a record of every topic but the inputs may have: a dead letter of 1 MiB still fits.
MAX_MESSAGE_BYTES = 4 * 1024 * 1024

CLICKS = "clicks"
PURCHASES = "purchases"
ENRICHED_CLICKS = "enriched-clicks"
PURCHASES_BY_USER = "purchases-by-user"
CLICK_COUNTS = "click-counts"
JOIN_STATE = "join-state"
CONVERSION_EVENTS = "conversion-events"
UNATTRIBUTED_PURCHASES = "unattributed-purchases"
LATE_EVENTS = "late-events"

INPUTS = (CLICKS, PURCHASES)
INNER = (ENRICHED_CLICKS, PURCHASES_BY_USER)
OUTPUTS = (CLICK_COUNTS, CONVERSION_EVENTS, UNATTRIBUTED_PURCHASES, LATE_EVENTS, DEAD_LETTERS)

#: Tables, by the stage that owns each: the changelog is ``<identity>-<table>-changelog``.
TABLES = (CLICK_COUNTS, JOIN_STATE)


class TopicSettings(Protocol):
    """What the names depend on."""

    @property
    def topic_prefix(self) -> str:
        """Put before every name."""

    @property
    def version(self) -> str:
        """The version's name; empty for the one without."""

    @property
    def identity(self) -> str:
        """Application id and version."""

    @property
    def partitions(self) -> int:
        """Partitions of inner topics, outputs and changelogs."""


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """One topic as it must be.

    Attributes:
        name: The full name.
        partitions: The number it must have, or None where any number will do (inputs).
        config: Configuration that it must have.
    """

    name: str
    partitions: int | None
    config: dict[str, str] = field(default_factory=dict)


def topic_name(settings: TopicSettings, short: str) -> str:
    """The full name of a topic: prefix and short name; between them the version, but of inputs."""
    if settings.version and short not in INPUTS:
        return f"{settings.topic_prefix}{settings.version}.{short}"
    return settings.topic_prefix + short


def short_name(settings: TopicSettings, name: str) -> str:
    """The short name of a topic, of its full one."""
    short = name.removeprefix(settings.topic_prefix)
    return short.removeprefix(f"{settings.version}.") if settings.version else short


def changelog_name(settings: TopicSettings, table: str) -> str:
    """The changelog topic of a table."""
    return f"{settings.topic_prefix}{settings.identity}-{table}-changelog"


def topic_specs(settings: TopicSettings) -> list[TopicSpec]:
    """Every topic the application needs, as it must be configured.

    The broker stamps what the application writes: it refuses records stamped by a clock that is an
    hour ahead (``message.timestamp.after.max.ms``), and a worker with such a clock could write
    nothing for ever. Inputs keep their producers' stamps: timestamps are held against them.
    """
    any_number = None
    kept = {"cleanup.policy": "delete"}
    ours = {
        "max.message.bytes": str(MAX_MESSAGE_BYTES),
        "message.timestamp.type": "LogAppendTime",
    }
    inputs = (TopicSpec(topic_name(settings, t), any_number, kept) for t in INPUTS)
    written = (
        TopicSpec(topic_name(settings, t), settings.partitions, ours | kept)
        for t in (*INNER, *OUTPUTS)
    )
    compacted = ours | {
        "cleanup.policy": "compact",
        "delete.retention.ms": str(TOMBSTONES_KEPT_MS),  # stores that were away reckon with it
    }
    changelogs = (
        TopicSpec(changelog_name(settings, t), settings.partitions, compacted) for t in TABLES
    )
    return [*inputs, *written, *changelogs]
