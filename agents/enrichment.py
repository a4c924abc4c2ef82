"""Enrichment of clicks and admission of purchases: the stateless agents."""

from agents.spec import StageSpec
from agents.wiring import Wiring
from models.intake import CLICKS, PURCHASES, Intake, IntakeRules, Kind
from models.stage import Rows, Stage


def register(wiring: Wiring, clicks: IntakeRules, purchases: IntakeRules) -> None:
    """Add both stages."""
    _add(wiring, "enrichment", "clicks", CLICKS, clicks)
    _add(wiring, "admission", "purchases", PURCHASES, purchases)


def _add(wiring: Wiring, name: str, source: str, kind: Kind, rules: IntakeRules) -> None:  # type: ignore[type-arg]  # of either
    topic = wiring.topic(source)

    def create(partition: int, rows: Rows) -> Stage:
        return Intake(kind, rules, f"{topic}-{partition}")

    tick_ms = min(rules.watermark_interval_ms, rules.idle_timeout_ms) // 2
    wiring.add(StageSpec(name, (topic,), topic, None, create, max(tick_ms, 1)))
