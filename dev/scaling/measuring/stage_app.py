"""The application with the one stage that SCALING_STAGE names."""

import os
from collections.abc import Callable, Mapping

from agents import counting, enrichment, joining
from agents.wiring import Wiring
from app.bootstrap import create_app
from app.settings import Settings, load_settings
from app.stages import intake_rules, join_rules, window_rules
from app.topics import INNER


def _enrichment(wiring: Wiring, settings: Settings) -> None:
    clicks, purchases = (intake_rules(settings, topic) for topic in INNER)
    enrichment.register(wiring, clicks, purchases)


def _counting(wiring: Wiring, settings: Settings) -> None:
    counting.register(wiring, window_rules(settings), settings.idle_timeout_ms)


def _joining(wiring: Wiring, settings: Settings) -> None:
    joining.register(wiring, join_rules(settings), settings.idle_timeout_ms)


_STAGES: Mapping[str, Callable[[Wiring, Settings], None]] = {
    "enrichment": _enrichment,
    "counting": _counting,
    "joining": _joining,
}

app = create_app(load_settings(), _STAGES[os.environ["SCALING_STAGE"]])
