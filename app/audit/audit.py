"""One audit: read, compute again, compare."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from aiokafka import TopicPartition

from app.audit.analysis import Analysis, Place, Values
from app.audit.comparisons import differences
from app.audit.gathering import Gathering
from app.audit.logs import Logs, open_logs
from app.audit.result import Result
from app.audit.rules import Choice, Rules
from app.audit.stories import Stories
from app.audit.views import Views
from app.audit.warehouse import Warehouse
from app.topics import CLICKS, INPUTS, PURCHASES


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for.

    Attributes:
        rules: Of the application that is audited.
        choice: The part of the traffic that is compared.
        examples: Differences to tell of each line, at most.
        views: Where to ask the views; None: nowhere.
        doing: Told what is done next.
    """

    rules: Rules
    choice: Choice = field(default_factory=Choice)
    examples: int = 5
    views: Views | None = None
    doing: Callable[[str], object] = str


async def audit(order: Order, proceed: Callable[[], None], say: Callable[[str], None]) -> Result:
    """Audit a cluster.

    Args:
        order: What is asked for.
        proceed: Called several times a second; raises to end.
        say: Tells a person what is being waited for.
    """
    async with open_logs(order.rules.settings.connection, proceed, say) as logs:
        return await audit_logs(logs, order)


async def audit_logs(logs: Logs, order: Order) -> Result:
    """Audit what some logs hold."""
    began_s = time.monotonic()
    with TemporaryDirectory(prefix="clickstream-verify-") as directory:
        warehouse = Warehouse(Path(directory), order.rules.constants(), order.choice)
        try:
            result = await _audit(logs, order, warehouse)
        finally:
            warehouse.close()
    result.seconds = time.monotonic() - began_s
    return result


async def _audit(logs: Logs, order: Order, warehouse: Warehouse) -> Result:
    rules = order.rules
    found = await Gathering(logs, rules, warehouse, order.doing).gather()
    analysis = Analysis(warehouse, rules, found)

    async def fetch(wanted: list[Place]) -> Values:
        return await _fetch(logs, rules, wanted)

    order.doing("counting everything again, in SQL")
    await analysis.compute(fetch)
    if order.views is not None:
        order.doing("asking a worker")
        await analysis.ask(order.views)
    order.doing("comparing")
    lines = analysis.compare(everything=order.choice.everything)
    stories = Stories(warehouse, rules)
    return Result(
        lines=list(lines.values()),
        examples=[
            stories.tell(difference)
            for comparison, line in lines.items()
            if line.differences
            for difference in differences(warehouse, comparison, order.examples)
        ],
        notes=analysis.notes,
        clicks=found.counts[CLICKS],
        purchases=found.counts[PURCHASES],
    )


async def _fetch(logs: Logs, rules: Rules, wanted: list[Place]) -> Values:
    """Read the values of some input records once more."""
    offsets: dict[TopicPartition, set[int]] = {}
    kinds = {rules.topic(kind): kind for kind in INPUTS}
    for kind, q, o in wanted:
        offsets.setdefault(TopicPartition(rules.topic(kind), q), set()).add(o)
    values: dict[Place, bytes | None] = {}

    def take(tp: TopicPartition, records: Any) -> None:
        for record in records:
            if record.offset in offsets[tp]:
                values[kinds[tp.topic], tp.partition, record.offset] = record.value

    starts = {tp: min(of) for tp, of in offsets.items()}
    await logs.read(starts, {tp: max(of) + 1 for tp, of in offsets.items()}, take)
    return values
