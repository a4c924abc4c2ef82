"""A seeded shop's traffic through the whole flow in memory: every kind of record there is."""

from collections import defaultdict
from functools import cache

from app.topics import INPUTS
from models.stage import Output
from tests.integration.shop import Shop
from tests.models.fakes import HOUR, MINUTE, Record
from tests.models.pipeline import Pipeline
from tests.models.reference import Rules

_PARTITIONS = 2
_STAMPED_MS = 4_000_000_000_000


@cache
def sent(events: int = 1_500) -> dict[str, list[Output]]:
    """What was read and what was sent, by short name of the topic."""
    inputs: dict[str, list[list[Record]]] = {t: [[] for _ in range(_PARTITIONS)] for t in INPUTS}
    shop = Shop(7, _PARTITIONS)
    for event in [*shop.events(events), *shop.last()]:
        log = inputs[event.topic][event.partition]
        at = (event.topic, event.partition, len(log), _STAMPED_MS)
        log.append(Record(*at, event.key, event.value))
    rules = Rules(5 * MINUTE, 2 * MINUTE, 24 * HOUR, HOUR, 2 * MINUTE)
    pipeline = Pipeline(rules, inputs, _PARTITIONS)
    pipeline.drain()
    found: dict[str, list[Output]] = defaultdict(list)
    for topic, logs in inputs.items():
        found[topic] += [Output(record.key, record.value) for log in logs for record in log]
    for actor in [*pipeline.intakes.values(), *pipeline.behind]:
        for topic, outputs in actor.task.sent.items():
            found[topic] += outputs
    return dict(found)
