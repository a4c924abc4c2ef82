"""``faust -A app verify`` finds every kind of damage, and says what and where it is."""

from typing import Any

import msgspec
import pytest

from tests.integration.auditing import audited
from tests.integration.harness import Cluster
from tests.integration.remembering import Memory
from tests.integration.tampering import (
    Damage,
    beside,
    doubled,
    is_kind,
    is_state,
    lost,
    more,
    rewritten,
    valued,
)


def in_ledger(change: Any) -> Any:
    """A stage's state with another ledger."""
    return rewritten(lambda state: change(state["ledger"]))


def of_first_record(letter: Any) -> list[Any]:
    """The same dead letter, of the first record of its input partition, which is good."""
    headers = dict(letter.headers)
    q = headers["source"].decode().rpartition("-")[0]
    return [
        msgspec.structs.replace(letter, headers=[*headers.items(), ("source", f"{q}-0".encode())])
    ]


def rubbish(record: Any) -> list[Any]:
    """Records that are nothing an application of ours writes."""
    values = (None, b'{"userId":"\xff"}', b"\0{", b"[1]", b"", b'{"userId":"\\u0000"}')
    return [changed for value in values for changed in valued(value)(record)]


DAMAGES = [
    Damage("a count too high", "click-counts", more("clickCount"), "click-counts", "expected"),
    Damage("a count lost", "click-counts", lost, "click-counts", "missing"),
    Damage("a count sent twice", "click-counts", doubled, "click-counts", "more than once"),
    Damage(
        "a count for another window",
        "click-counts",
        rewritten(lambda value: value.update(windowStart="2015-05-17T10:00:00.001Z")),
        "click-counts",
        "not expected",
    ),
    Damage("a late event lost", "late-events", lost, "late-events: ", "missing"),
    Damage("a late event that lacked more", "late-events", more("lateBy"), "late-events: ", "late"),
    Damage(
        "a conversion doubled", "conversion-events", doubled, "conversion-events", "more than once"
    ),
    Damage(
        "a conversion with a wrong time",
        "conversion-events",
        more("timeToPurchase"),
        "conversion-events",
        "after",
    ),
    Damage(
        "a conversion with another order",
        "conversion-events",
        rewritten(lambda value: value["order"].update(orderId="x")),
        "conversion-events",
        "order",
    ),
    Damage(
        "a conversion of another click",
        "conversion-events",
        rewritten(lambda value: value.update(click=value["click"][:-1])),
        "conversion-events",
        "missing",
    ),
    Damage("an unattributed purchase lost", "unattributed-purchases", lost, "unattributed", "miss"),
    Damage("a click lost", "enriched-clicks", lost, "enriched-clicks", "missing"),
    Damage("a click passed on twice", "enriched-clicks", doubled, "enriched-clicks", "more than"),
    Damage("a purchase lost", "purchases-by-user", lost, "purchases-by-user", "missing"),
    Damage(
        "a click of another product",
        "enriched-clicks",
        rewritten(lambda value: value.update(productId="another")),
        "enriched-clicks",
        "another",
    ),
    Damage(
        "a wrong streamTime",
        "enriched-clicks",
        rewritten(lambda value: value.update(streamTime="2015-05-17T23:59:59.999Z")),
        "enriched-clicks",
        "streamTime 2015-05-17T23:59:59.999Z",
    ),
    Damage(
        "a dead letter for a good click",
        "dead-letters",
        beside(of_first_record),
        "dead-letters",
        "not expected",
    ),
    Damage(
        "an unattributed purchase that is none",
        "unattributed-purchases",
        beside(rewritten(lambda value: value.update(purchase=value["purchase"] + "0"))),
        "unattributed-purchases",
        "not expected",
    ),
    Damage("a dead letter lost", "dead-letters", lost, "dead-letters", "missing"),
    Damage("a dead letter twice", "dead-letters", doubled, "dead-letters", "more than once"),
    Damage("an input record lost", "clicks", lost, "enriched-clicks", "not expected"),
    Damage(
        "a row of the counts changed",
        "click-counts",
        valued(b"77"),
        "table click-counts",
        "77",
        is_kind(b"w"),
        every=True,
        table=True,
    ),
    *(
        Damage(
            f"a row of the {name} changed",
            "click-counts",
            valued(b"77"),
            f"table click-counts: {name}",
            "77",
            is_kind(kind),
            every=True,
            table=True,
        )
        for name, kind in (("products", b"i"), ("pages", b"g"))
    ),
    Damage(
        "a window with another user",
        "click-counts",
        more("users"),
        "table click-counts: windows",
        "users",
        is_kind(b"s"),
        every=True,
        table=True,
    ),
    Damage(
        "a row of an outcome lost",
        "join-state",
        lost,
        "table join-state: outcomes",
        "missing",
        is_kind(b"o"),
        every=True,
        table=True,
    ),
    Damage(
        "a row of an outcome under another key, too",
        "join-state",
        beside(lambda record: [msgspec.structs.replace(record, key=record.key + b"0")]),
        "table join-state: outcomes",
        "not expected",
        is_kind(b"o"),
        every=True,
        table=True,
    ),
    Damage(
        "a stage's stream time wrong",
        "click-counts",
        rewritten(lambda state: state["stage"]["time"].update(value=0)),
        "stream times",
        "1970",
        is_state,
        every=True,
        table=True,
    ),
    Damage(
        "a ledger that does not fit",
        "click-counts",
        in_ledger(lambda ledger: ledger["became"].update(counted=1)),
        "ledgers",
        "became counted",
        is_state,
        every=True,
        table=True,
    ),
    Damage(
        "a ledger of the join that does not fit",
        "join-state",
        in_ledger(lambda ledger: ledger["sent"].update({"conversion-events": 1})),
        "ledgers",
        "sent conversion-events",
        is_state,
        every=True,
        table=True,
    ),
    *(
        Damage(f"rubbish in {topic}", topic, beside(rubbish), topic, "not expected")
        for topic in ("click-counts", "late-events", "conversion-events", "unattributed-purchases")
    ),
]


@pytest.fixture(scope="module")
def memory(finished: Cluster) -> Memory:
    """What all audits of that cluster read; as it is, it is right."""
    memory: Memory = {}
    assert [] == audited(finished, memory=memory).examples
    return memory


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.name)
def test_damage_is_found_and_named(finished: Cluster, memory: Memory, damage: Damage) -> None:
    """One record that is not as it was written: its line tells, with an example."""
    result = audited(finished, damage, memory=memory)
    lines = [line.stage for line in result.lines if line.differences]
    told = [text for text in result.examples if text.startswith(damage.line)]
    assert any(line.startswith(damage.line) for line in lines), (lines, result.examples)
    assert any(damage.told in text for text in told), result.examples
