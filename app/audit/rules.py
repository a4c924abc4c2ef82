"""What the audit needs of the settings, in the form in which SQL and Python take it."""

from dataclasses import dataclass

from app.computation import LatePolicy
from app.settings import Settings
from app.topics import (
    CLICKS,
    ENRICHED_CLICKS,
    PURCHASES,
    PURCHASES_BY_USER,
    changelog_name,
    topic_name,
)

#: Clicks of the join are kept in this many time buckets for the length of the join.
_BUCKETS = 6


@dataclass(frozen=True, slots=True)
class Choice:
    """The part of the traffic that is compared; all of it by default.

    Attributes:
        from_ms: Event time from here on, in epoch ms.
        to_ms: Event time before this.
        users: These users only; none: all.
        share: Share of all users, 0 to 1, chosen by hash.
    """

    from_ms: int | None = None
    to_ms: int | None = None
    users: tuple[str, ...] = ()
    share: float = 1.0

    @property
    def everything(self) -> bool:
        """Whether nothing is left out."""
        return self == Choice()


@dataclass(frozen=True, slots=True)
class Rules:
    """The settings of the application that is audited."""

    settings: Settings

    def topic(self, short: str) -> str:
        """A topic's full name."""
        return topic_name(self.settings, short)

    def changelog(self, table: str) -> str:
        """Full name of a table's changelog."""
        return changelog_name(self.settings, table)

    @property
    def group(self) -> str:
        """The consumer group whose offsets tell how far the intake has read."""
        return self.settings.identity

    @property
    def late_sent(self) -> bool:
        """Whether late records go to late-events, those that revise nothing."""
        return self.settings.late_policy is not LatePolicy.DISCARD

    def constants(self) -> dict[str, int | str | bool]:
        """What SQL calls by name, as ``grace_ms()``."""
        settings = self.settings
        return {
            "size_ms": settings.window_size_ms,
            "grace_ms": settings.grace_ms,
            "retention_ms": settings.retention_ms,
            "within_ms": settings.join_within_ms,
            "join_grace_ms": settings.join_grace,
            "bucket_ms": max(1, settings.join_within_ms // _BUCKETS),
            "future_skew_ms": settings.future_skew_ms,
            "count_bots": settings.count_bots,
            "late_sent": self.late_sent,
            "revise_ms": settings.revise_ms,
            "rank_products": "products" in settings.ranked,
            "rank_pages": "pages" in settings.ranked,
            "attribution": settings.attribution.value,
            "clicks_topic": self.topic(CLICKS),
            "purchases_topic": self.topic(PURCHASES),
            "enriched_topic": self.topic(ENRICHED_CLICKS),
            "admitted_topic": self.topic(PURCHASES_BY_USER),
        }
