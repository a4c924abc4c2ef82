"""Enrichment of clicks and admission of purchases: the stateless agents."""

from collections.abc import Awaitable, Sequence

from agents.spec import Prepare, Schemas, StageSpec
from agents.wiring import Wiring
from models.intake import CLICKS, PURCHASES, Intake, IntakeRules, Kind
from models.stage import InputRecord, Rows, Stage
from models.wire import missing


def register(wiring: Wiring, clicks: IntakeRules, purchases: IntakeRules) -> None:
    """Add both stages."""
    _add(wiring, "enrichment", "clicks", CLICKS, clicks)
    _add(wiring, "admission", "purchases", PURCHASES, purchases)


def _add(wiring: Wiring, name: str, source: str, kind: Kind, rules: IntakeRules) -> None:  # type: ignore[type-arg]  # of either
    topic, schemas = wiring.topic(source), wiring.schemas
    formats = None if schemas is None else schemas.formats

    def create(partition: int, rows: Rows) -> Stage:
        return Intake(kind, rules, f"{topic}-{partition}", formats)

    tick_ms = max(min(rules.watermark_interval_ms, rules.idle_timeout_ms) // 2, 1)
    prepare = None if schemas is None else learning(schemas)
    wiring.add(StageSpec(name, (topic,), topic, None, create, tick_ms, prepare))


def learning(schemas: Schemas) -> Prepare:
    """Asks the registry for the schemas that records name and that are not known."""

    def prepare(records: Sequence[InputRecord]) -> Awaitable[None] | None:
        ids = missing(records, schemas.formats)
        return schemas.learn(ids) if ids else None

    return prepare
