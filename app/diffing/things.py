"""What is compared, and why two versions may differ in it."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Thing:
    """Something that versions emit.

    A row of one version belongs to that of the other with the same keys; ``x`` stands for the side
    that has it (or has it otherwise), ``y`` for the other, in ``why`` too.

    Attributes:
        name: What it is, in the table's words.
        table: Where each side has it, behind the side's letter.
        keys: Columns that say which thing a row speaks of.
        values: Columns that say what it says of it.
        final: SQL: the row is final on both sides.
        why: Pairs of a reason and the SQL that tells whether it is this one; the first counts.
        topics: Short names of its topics, for what retention deleted.
    """

    name: str
    table: str
    keys: tuple[str, ...]
    values: tuple[str, ...]
    final: str
    why: tuple[tuple[str, str], ...]
    topics: tuple[str, ...]


def _late(stage: str, kind: str, q: str, o: str) -> str:
    return (
        f"EXISTS (FROM {{y}}_late_told l WHERE l.stage = '{stage}' AND l.kind = '{kind}' "
        f"AND l.q = x.{q} AND l.o = x.{o})"
    )


def _dead(kind: str, q: str, o: str) -> str:
    return (
        f"EXISTS (FROM {{y}}_dead_letter d WHERE d.source_kind = '{kind}' AND d.q = x.{q} "
        f"AND d.source_o = x.{o})"
    )


_SOURCE_DEAD = (
    "EXISTS (FROM {y}_dead_letter d WHERE d.source_kind = x.kind AND d.q = x.q "
    "AND d.source_o = x.o)"
)
_REVISES = "(x.revision > 0 AND ({differ[LATE_POLICY]} OR {differ[REVISE_HORIZON]}))"
_COUNTS_WHY = (
    ("bots", "{differ[COUNT_BOTS]}"),
    ("late", "(x.user_id, x.start_ms) IN (FROM late_otherwise)"),
    ("grace", "{differ[GRACE]}"),
    ("future", "{differ[FUTURE_SKEW]}"),
)
_LATE_WHY = (
    ("policy", "{differ[LATE_POLICY]}"),
    (
        "idle",
        (
            "NOT CASE x.stage WHEN 'count' THEN x.end_ms + {x}_grace_ms() <= x.stream_ms "
            "ELSE x.event_ms + {x}_join_grace_ms() < x.stream_ms END"
        ),
    ),
    ("bots", "x.stage = 'count' AND {differ[COUNT_BOTS]}"),
    ("size", "x.stage = 'count' AND {differ[WINDOW_SIZE]}"),
    ("grace", "x.stage = 'count' AND {differ[GRACE]}"),
    ("join_grace", "x.stage = 'join' AND {differ[JOIN_GRACE]}"),
    ("future", "{differ[FUTURE_SKEW]}"),
)  # fmt: skip

_WINDOWS_FINAL = "start_ms < closed_ms() AND start_ms >= whole_ms()"
#: Purchases whose clicks are all there.
_PURCHASE_FINAL = "purchase_ms < resolved_ms() AND purchase_ms >= whole_ms() + reach_ms()"

COUNTS = Thing(
    "click-counts", "count_sent", ("user_id", "start_ms", "revision"), ("end_ms", "clicks"),
    _WINDOWS_FINAL, (("revises", _REVISES), *_COUNTS_WHY), ("click-counts",),
)  # fmt: skip
TOTALS = Thing(
    "clicks by user and stretch", "totals", ("user_id", "start_ms"), ("clicks",),
    "start_ms + stretch_ms() <= closed_ms() AND start_ms >= whole_ms()", _COUNTS_WHY,
    ("click-counts",),
)  # fmt: skip

COMMON: Sequence[Thing] = (
    Thing(
        "conversion-events", "conversion_sent",
        ("click_q", "click_o", "purchase_q", "purchase_o"),
        (
            "user_id", "product_id", "click_ms", "purchase_ms", "took_ms", "purchase_order",
            "revision",
        ),
        _PURCHASE_FINAL,
        (
            ("revises", _REVISES),
            ("within", "x.took_ms >= {y}_within_ms()"),
            ("join_late", _late("join", "clicks", "click_q", "click_o")),
            ("join_late", _late("join", "purchases", "purchase_q", "purchase_o")),
            ("join_grace", "{differ[JOIN_GRACE]}"),
            ("attribution", "{differ[ATTRIBUTION]}"),
            ("dead", _dead("clicks", "click_q", "click_o")),
            ("dead", _dead("purchases", "purchase_q", "purchase_o")),
        ),
        ("conversion-events",),
    ),
    Thing(
        "unattributed-purchases", "unattributed_sent",
        ("purchase_q", "purchase_o"),
        ("user_id", "product_id", "purchase_ms", "purchase_order", "revision"),
        _PURCHASE_FINAL,
        (
            ("revises", _REVISES),
            ("join_late", _late("join", "purchases", "purchase_q", "purchase_o")),
            ("within", "{differ[JOIN_WITHIN]}"),
            ("join_grace", "{differ[JOIN_GRACE]}"),
            ("dead", _dead("purchases", "purchase_q", "purchase_o")),
            ("future", "{differ[FUTURE_SKEW]}"),
        ),
        ("unattributed-purchases",),
    ),
    Thing(
        "late-events", "late_told", ("stage", "kind", "q", "o"),
        ("user_id", "event_ms", "late_by_ms", "start_ms", "end_ms"),
        "event_ms >= whole_ms() AND EXISTS (FROM heard h WHERE h.stage = t.stage "
        "AND h.kind = t.kind AND h.q = t.q AND t.stream_ms < h.heard_ms)",
        _LATE_WHY, ("late-events",),
    ),
    Thing(
        "dead-letters", "dead_letter", ("source_kind", "q", "source_o"), ("code",),
        "EXISTS (FROM reached r WHERE r.kind = source_kind AND r.q = t.q "
        "AND source_o >= r.start AND source_o < r.read_to)",
        (("future", "{differ[FUTURE_SKEW]}"),), ("dead-letters",),
    ),
    Thing(
        "enriched-clicks, purchases-by-user", "inner_told", ("kind", "q", "o"), ("digest",),
        "EXISTS (FROM reached r WHERE r.kind = t.kind AND r.q = t.q "
        "AND t.o >= r.start AND t.o < r.read_to)",
        (("dead", _SOURCE_DEAD),),
        ("enriched-clicks", "purchases-by-user"),
    ),
)  # fmt: skip

#: A sentence for each reason; those in braces are the two versions' values.
REASONS = {
    "bots": "COUNT_BOTS is {COUNT_BOTS}.",
    "late": "Clicks that one of them took late: GRACE is {GRACE}; IDLE_TIMEOUT is {IDLE_TIMEOUT}.",
    "grace": "GRACE is {GRACE}: more or fewer clicks are late.",
    "join_late": "One of them took the click or the purchase late: JOIN_GRACE is {JOIN_GRACE}.",
    "join_grace": "JOIN_GRACE is {JOIN_GRACE}: more or fewer records are late for the join.",
    "within": "The click lies too far back for one of them: JOIN_WITHIN is {JOIN_WITHIN}.",
    "attribution": "ATTRIBUTION is {ATTRIBUTION}: other clicks are credited.",
    "future": "FUTURE_SKEW is {FUTURE_SKEW}: more or fewer records are dead letters, and stream "
    "time moves otherwise.",
    "dead": "An input record is a dead letter in one of them: see dead-letters.",
    "policy": "LATE_POLICY is {LATE_POLICY}.",
    "revises": "Late records revise in one of them: LATE_POLICY is {LATE_POLICY}; REVISE_HORIZON "
    "is {REVISE_HORIZON}.",
    "size": "WINDOW_SIZE is {WINDOW_SIZE}: other windows, other ends.",
    "idle": "Its input partition came back from idleness, which depends on the clock: a replay "
    "reads without pauses. IDLE_TIMEOUT is {IDLE_TIMEOUT}.",
    "twice": "One version emitted it more than once: it can't be, so run faust -A app verify for "
    "that version.",
    "unexplained": "No setting that differs explains it: the programs differ ({release}), or "
    "something wrote into its topics. Run faust -A app verify for each version.",
}
