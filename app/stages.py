"""The stages of the pipeline, and the rules of each as the settings say."""

from dataclasses import replace

from agents import counting, enrichment, joining
from agents.snapshots import Check
from agents.wiring import Wiring
from app.computation import LatePolicy
from app.settings import Settings
from app.topics import CLICK_COUNTS, INNER, JOIN_STATE
from models.intake import IntakeRules
from models.join import JoinRules
from models.windows import WindowRules


def register_all(wiring: Wiring, settings: Settings) -> None:
    """Add the agents of the pipeline."""
    idle_ms = settings.idle_timeout_ms
    clicks, purchases = (intake_rules(settings, topic) for topic in INNER)
    clicks = replace(clicks, closing=(settings.window_size_ms, settings.grace_ms))
    enrichment.register(wiring, clicks, purchases)
    counting.register(wiring, window_rules(settings), idle_ms)
    joining.register(wiring, join_rules(settings), idle_ms)


def kept_checks(settings: Settings) -> dict[str, Check]:
    """Of what each table's stage remembers: that it was made by the rules that are set."""
    return {CLICK_COUNTS: window_rules(settings).check, JOIN_STATE: join_rules(settings).check}


def intake_rules(settings: Settings, output: str) -> IntakeRules:
    """What enrichment or admission does as set; their output is an inner topic."""
    return IntakeRules(
        output=output,
        partitions=settings.partitions,
        future_skew_ms=settings.future_skew_ms,
        watermark_interval_ms=settings.watermark_interval_ms,
        idle_timeout_ms=settings.idle_timeout_ms,
    )


def window_rules(settings: Settings) -> WindowRules:
    """The rules of windows as set."""
    return WindowRules(
        size_ms=settings.window_size_ms,
        grace_ms=settings.grace_ms,
        retention_ms=settings.retention_ms,
        emit_late=settings.late_policy is not LatePolicy.DISCARD,
        count_bots=settings.count_bots,
        rankings=settings.ranked,
        revise_ms=settings.revise_ms,
    )


def join_rules(settings: Settings) -> JoinRules:
    """The rules of the join as set."""
    return JoinRules(
        within_ms=settings.join_within_ms,
        grace_ms=settings.join_grace,
        retention_ms=settings.retention_ms,
        attribution=settings.attribution.value,
        emit_late=settings.late_policy is not LatePolicy.DISCARD,
        revise_ms=settings.revise_ms,
    )
