"""The topics of the application: names, partitions, configuration."""

from dataclasses import dataclass, field
from typing import Protocol

from models.dead_letters import DEAD_LETTERS

#: Bytes a record of every topic but the inputs may have: a dead letter of 1 MiB still fits.
MAX_MESSAGE_BYTES = 4 * 1024 * 1024

CLICKS = "clicks"
PURCHASES = "purchases"
ENRICHED_CLICKS = "enriched-clicks"
PURCHASES_BY_USER = "purchases-by-user"
CLICK_COUNTS = "click-counts"
CONVERSION_EVENTS = "conversion-events"
UNATTRIBUTED_PURCHASES = "unattributed-purchases"
LATE_EVENTS = "late-events"

INPUTS = (CLICKS, PURCHASES)
INNER = (ENRICHED_CLICKS, PURCHASES_BY_USER)
OUTPUTS = (CLICK_COUNTS, CONVERSION_EVENTS, UNATTRIBUTED_PURCHASES, LATE_EVENTS, DEAD_LETTERS)

#: Tables, by the stage that owns each: the changelog is ``<app id>-<table>-changelog``.
TABLES = (CLICK_COUNTS, "join-state")


class TopicSettings(Protocol):
    """What the names depend on."""

    @property
    def app_id(self) -> str:
        """Consumer group, and prefix of changelogs."""

    @property
    def topic_prefix(self) -> str:
        """Put before every name."""

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
    """The full name of a topic: the prefix, then its short name."""
    return settings.topic_prefix + short


def changelog_name(settings: TopicSettings, table: str) -> str:
    """The changelog topic of a table."""
    return f"{settings.topic_prefix}{settings.app_id}-{table}-changelog"


def topic_specs(settings: TopicSettings) -> list[TopicSpec]:
    """Every topic the application needs, as it must be configured."""
    large = {"max.message.bytes": str(MAX_MESSAGE_BYTES)}
    inner = large | {"message.timestamp.type": "LogAppendTime", "cleanup.policy": "delete"}
    outer = large | {"cleanup.policy": "delete"}
    return [
        *(TopicSpec(topic_name(settings, t), None, {"cleanup.policy": "delete"}) for t in INPUTS),
        *(TopicSpec(topic_name(settings, t), settings.partitions, inner) for t in INNER),
        *(TopicSpec(topic_name(settings, t), settings.partitions, outer) for t in OUTPUTS),
        *(
            TopicSpec(
                changelog_name(settings, t),
                settings.partitions,
                large | {"cleanup.policy": "compact"},
            )
            for t in TABLES
        ),
    ]
