"""Purchases matched to recent clicks: the co-partitioned join agent."""

from agents.spec import StageSpec
from agents.wiring import Wiring
from models.join import JoinRules
from models.joining import Joining
from models.stage import Rows, Stage
from models.watermark import StreamTime


def register(wiring: Wiring, rules: JoinRules, idle_timeout_ms: int) -> None:
    """Add the stage."""
    inputs = wiring.topic("clicks"), wiring.topic("purchases")
    clicks, purchases = wiring.topic("enriched-clicks"), wiring.topic("purchases-by-user")

    def create(partition: int, rows: Rows) -> Stage:
        counts = {topic: wiring.engine.input_partitions(topic) for topic in inputs}
        return Joining(rules, StreamTime(counts, idle_timeout_ms), rows, purchases)

    wiring.add(StageSpec("joining", (clicks, purchases), purchases, "join-state", create))
