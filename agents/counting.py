"""Clicks per user in tumbling windows: the windowed table agent."""

from agents.spec import StageSpec
from agents.wiring import Wiring
from models.counting import Counting
from models.stage import Rows, Stage
from models.watermark import StreamTime
from models.windows import WindowRules


def register(wiring: Wiring, rules: WindowRules, idle_timeout_ms: int) -> None:
    """Add the stage."""
    clicks = wiring.topic("clicks")

    def create(partition: int, rows: Rows) -> Stage:
        time = StreamTime({clicks: wiring.engine.input_partitions(clicks)}, idle_timeout_ms)
        return Counting(rules, time, rows)

    source = wiring.topic("enriched-clicks")
    wiring.add(StageSpec("counting", (source,), source, "click-counts", create))
