"""What a seed runs: inputs, rules and settings."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any, TypeAlias

from models.intake import IntakeRules
from models.join import JoinRules
from models.windows import WindowRules
from tests.models.fakes import DAY, HOUR
from tests.models.reference import BOT, Rules, text

Value: TypeAlias = bytes | None

APP_ID = "sim"
TABLES = {"counting": "click-counts", "joining": "join-state"}
OUTPUTS = ("click-counts", "conversion-events", "unattributed-purchases", "late-events")
INNER = ("enriched-clicks", "purchases-by-user")
DEAD_LETTERS = "dead-letters"
#: All inputs are written within this time (s): no input partition is idle before its end.
INPUT_SECONDS = 3.0

_USERS = ("ann", "ann", "bob", "eve", 7)
_PRODUCTS = ("p", "p", "q", 7)


def changelog_of(table: str) -> str:
    """The changelog topic of a table."""
    return f"{APP_ID}-{table}-changelog"


@dataclass(frozen=True)
class Case:
    """What is run.

    Attributes:
        rules: The rules of windows and join.
        inputs: Values by input topic and partition; None and broken JSON are rubbish.
        partitions: Of inner topics, outputs and tables.
        workers: At the start.
        commit_interval_ms: The engine's setting.
        watermark_interval_ms: The engine's setting.
        idle_timeout_ms: The engine's setting; longer than the inputs take to be written.
        lags: Seconds that fetches of a worker are slow by, to draw from.
        flaky: How likely a request meets with a fault.
        drops: How likely a batch is dropped, or comes twice.
        max_rows: Rows that one step closes at most.
        turn_records: Records that one turn takes; four times as many make an inbox full.
    """

    rules: Rules
    inputs: Mapping[str, Sequence[Sequence[Value]]]
    partitions: int
    workers: int
    commit_interval_ms: int
    watermark_interval_ms: int
    idle_timeout_ms: int
    lags: Sequence[float]
    flaky: float
    drops: float
    max_rows: int
    turn_records: int

    @property
    def windows(self) -> WindowRules:
        """The rules of windows."""
        r = self.rules
        return WindowRules(
            r.size, r.grace, r.retention, r.emit_late, r.count_bots, r.rankings, r.revise
        )

    @property
    def join(self) -> JoinRules:
        """The rules of the join."""
        r = self.rules
        return JoinRules(r.within, r.join_grace, r.retention, r.attribution, r.emit_late, r.revise)

    @property
    def topics(self) -> dict[str, int]:
        """All topics, and their numbers of partitions."""
        changelogs = [changelog_of(table) for table in TABLES.values()]
        inner = dict.fromkeys([*INNER, *OUTPUTS, DEAD_LETTERS, *changelogs], self.partitions)
        return {topic: len(logs) for topic, logs in self.inputs.items()} | inner

    @property
    def input_partitions(self) -> list[str]:
        """All input partitions, as stream time knows them."""
        return [f"{t}-{p}" for t, logs in self.inputs.items() for p in range(len(logs))]

    def intake(self, output: str) -> IntakeRules:
        """The rules of enrichment or admission."""
        return IntakeRules(
            output, self.partitions, HOUR, self.watermark_interval_ms, self.idle_timeout_ms
        )


def draw_case(random: Random) -> Case:
    """Draw what to run."""
    return Case(
        rules=_rules(random),
        inputs=_inputs(random),
        partitions=random.choice((1, 2, 2, 3)),
        workers=random.choice((1, 2, 2, 3)),
        commit_interval_ms=random.choice((0, 20, 100)),
        watermark_interval_ms=random.choice((200, 1_000, 3_000)),
        idle_timeout_ms=5_000,
        lags=random.choice(((0.0,), (0.02, 0.1), (0.0, 0.3), (0.0, 0.3, 2.0))),
        flaky=random.choice((0.0, 0.003, 0.01, 0.03, 0.06)),
        drops=random.choice((0.0, 0.02, 0.1)),
        max_rows=random.choice((1, 3, 20_000, 20_000)),
        turn_records=random.choice((3, 20, 10_000)),
    )


def _rules(random: Random) -> Rules:
    rules = Rules(
        size=random.choice((5, 7, 10)),
        grace=random.choice((0, 3, 12)),
        retention=random.choice((0, 5, 40)),
        within=random.choice((5, 12, 30)),
        join_grace=random.choice((0, 3, 12)),
        attribution=random.choice(("all", "all", "last", "first")),
        emit_late=random.random() < 0.8,
        count_bots=random.random() < 0.7,
    )
    if rules.attribution != "all" or not rules.emit_late or random.random() < 0.5:
        return rules
    retention = max(rules.retention, 5)
    return replace(rules, retention=retention, revise=random.choice((1, 5, retention)))


def _inputs(random: Random) -> dict[str, list[list[Value]]]:
    clicks = [_log(random, random.randint(15, 50), _click) for _ in range(random.randint(1, 3))]
    bought = [_log(random, random.randint(0, 15), _purchase) for _ in range(random.randint(1, 2))]
    return {"clicks": clicks, "purchases": bought}


def _log(random: Random, count: int, event: Any) -> list[Value]:
    now, values = 0, []
    for number in range(count):
        now += random.choice((0, 0, 1, 2, 5, 30) if random.random() < 0.95 else (90,))
        time = max(now - random.choice((0, 0, 1, 4, 20)), 0)
        if random.random() < 0.06:
            values.append(random.choice((None, b"{", b"[]x")))
        else:
            stamp = DAY + time if number % 2 else text(DAY + time)
            values.append(json.dumps(event(random) | {"timestamp": stamp}).encode())
    return values


def _click(random: Random) -> dict[str, object]:
    fields: dict[str, object] = {"userId": random.choice(_USERS)}
    fields["page"] = f"/of/{fields['userId']}?x"
    if random.random() < 0.6:
        fields["productId"] = random.choice(_PRODUCTS)
    if random.random() < 0.2:
        fields["userAgent"] = random.choice((BOT, "", None))
    return fields


def _purchase(random: Random) -> dict[str, object]:
    return {
        "userId": random.choice(_USERS),
        "productId": random.choice(_PRODUCTS),
        "orderId": random.randint(1, 9),
    }
