"""The application with its counting stage only: ``faust -A bench.counting_app worker``."""

from agents import counting
from agents.wiring import Wiring
from app.bootstrap import create_app
from app.settings import Settings, load_settings
from app.stages import window_rules


def _register(wiring: Wiring, settings: Settings) -> None:
    counting.register(wiring, window_rules(settings), settings.idle_timeout_ms)


app = create_app(load_settings(), _register)
