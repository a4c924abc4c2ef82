"""The settings that say what is computed: outputs are a function of the inputs and of these.

Two versions of the application may differ in them. All others say where Kafka is, and how work is
done.
"""

from collections.abc import Iterator
from enum import StrEnum

from pydantic import model_validator
from pydantic_settings import BaseSettings

from app.fields import DAY_MS, Duration, setting


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


class Computation(BaseSettings):
    """The settings of what is computed."""

    partitions: int = setting(
        8, "PARTITIONS", "Partitions of inner topics, outputs and tables.", ge=1, le=1024
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

    @model_validator(mode="after")
    def _revisions_fit(self) -> "Computation":
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

    @property
    def join_grace(self) -> int:
        """Grace of the join in milliseconds: its own where it is set, else that of windows."""
        return self.grace_ms if self.join_grace_ms is None else self.join_grace_ms

    @property
    def ranked(self) -> tuple[str, ...]:
        """What is ranked beside users; empty for ``none``."""
        return () if self.rankings == "none" else tuple(self.rankings.split(","))
