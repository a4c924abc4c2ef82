"""Laws of the join: clicks and purchases of the same user and product."""

import itertools
from typing import Any

import pytest

from models import join
from models.join import JoinRules
from models.joining import Joining
from models.watermark import StreamTime
from tests.models.fakes import BY_USER, HOUR, MINUTE, SECOND, Record, Task, at, idle, inner, said
from tests.models.fakes import watermark as heard

RULES = JoinRules(HOUR, 2 * MINUTE, HOUR)
TIMEOUT = 30 * SECOND


def task(rules: JoinRules = RULES, clicks: int = 1) -> Task:
    """The stage over so many input partitions of clicks and one of purchases."""
    partitions = {"clicks": clicks, "purchases": 1}
    return Task(lambda rows: Joining(rules, StreamTime(partitions, TIMEOUT), rows, BY_USER))


def click(event_ms: int, source: str = "clicks-0-0", **fields: Any) -> Record:
    """A click of u on p, unless told otherwise."""
    return inner(fields.pop("user", "u"), event_ms, source, **{"productId": "p"} | fields)


def purchase(event_ms: int, offset: int = 0, **fields: Any) -> Record:
    """A purchase of p by u, unless told otherwise."""
    source = f"purchases-0-{offset}"
    return inner(fields.pop("user", "u"), event_ms, source, **{"productId": "p"} | fields)


def both(stream_ms: int) -> list[Record]:
    """Watermark records of both inputs."""
    return [heard("clicks-0", stream_ms), heard("purchases-0", stream_ms)]


def ids(joining: Task, *records: Record) -> list[str]:
    """The ids of the conversions that the records lead to."""
    return [found["id"] for found in said(joining.run(records), "conversion-events")]


def unattributed(joining: Task, *records: Record) -> list[str]:
    """The purchases that the records show to be unattributed."""
    sent = joining.run(records)
    return [found["purchase"] for found in said(sent, "unattributed-purchases")]


def late(joining: Task, *records: Record) -> list[tuple[str, float]]:
    """The late events that the records lead to: which and by how much."""
    events = said(joining.run(records), "late-events")
    return [(event["record"]["sourceRecord"], event["lateBy"]) for event in events]


@pytest.mark.parametrize("click_first", [0, 1])
@pytest.mark.parametrize("batches", [1, 2])
@pytest.mark.parametrize(
    ("after_ms", "pairs"), [(-1, 0), (0, 1), (1, 1), (HOUR - 1, 1), (HOUR, 0), (HOUR + 1, 0)]
)
def test_a_pair_is_emitted_once_whichever_side_arrives_first(
    after_ms: int, pairs: int, click_first: int, batches: int
) -> None:
    """In one batch or two; 0 <= P.t - C.t < 1 h."""
    # C 12:00 ----------------- 13:00)
    early: dict[str, Any] = {"stream_ms": at("12:00")}
    records = [purchase(at("12:00") + after_ms, **early), click(at("12:00"), **early)]
    if click_first:
        records.reverse()
    joining = task()
    found = [
        ids(joining, *batch) for batch in ([records] if batches == 1 else [[r] for r in records])
    ]
    assert ["clicks-0-0/purchases-0-0"] * pairs == list(itertools.chain(*found))
    assert [] == ids(joining, *both(at("16:00")))


def test_a_conversion_says_both_sides_and_the_order() -> None:
    """The purchase's other fields are the order; the click's are not passed on."""
    joining = task()
    bought = purchase(at("12:01:30"), 7, orderId="o-1", amount=9.90)
    sent = joining.run([click(at("12:00"), "clicks-0-3", page="/p"), bought])
    (output,) = sent["conversion-events"]
    assert b"u" == output.key
    assert said(sent, "conversion-events") == [
        {
            "id": "clicks-0-3/purchases-0-7",
            "userId": "u",
            "productId": "p",
            "clickTimestamp": "2024-01-01T12:00:00.000Z",
            "purchaseTimestamp": "2024-01-01T12:01:30.000Z",
            "timeToPurchase": 90.0,
            "click": "clicks-0-3",
            "purchase": "purchases-0-7",
            "order": {"orderId": "o-1", "amount": 9.90},
        }
    ]


def test_every_pair_is_emitted() -> None:
    """Two clicks and two purchases are four pairs."""
    clicks = [click(at("12:00"), "clicks-0-0"), click(at("12:01"), "clicks-0-1")]
    purchases = [purchase(at("12:02"), 0), purchase(at("12:03"), 1)]
    assert 4 == len(set(ids(task(), clicks[0], purchases[0], clicks[1], purchases[1])))


def test_other_users_and_other_products_do_not_match() -> None:
    """Nor does a product whose name goes on, as p and p2 do."""
    clicks = [click(at("12:00"), user="v"), click(at("12:00"), productId="p2")]
    assert [] == ids(task(), *clicks, purchase(at("12:01")))


def test_a_click_without_a_product_takes_no_part() -> None:
    """It is kept nowhere and never late, but stream time hears it."""
    joining = task()
    nothing = inner("u", at("12:00"), stream_ms=at("15:00"))
    assert {} == joining.run([nothing, inner("u", at("12:00"), productId=None)])
    assert {} == joining.rows.rows
    assert ["purchases-0-0"] == unattributed(
        joining, purchase(at("12:00")), heard("purchases-0", at("15:00"))
    )


@pytest.mark.parametrize(("behind_ms", "by"), [(-1, []), (0, []), (1, [0.001])])
@pytest.mark.parametrize("make", [click, purchase])
def test_a_record_is_late_when_its_time_plus_the_grace_is_before_its_stream_time(
    make: Any, behind_ms: int, by: list[float]
) -> None:
    """Late is t + 2 min < streamTime: equal is in time. It is only a late event."""
    # t 12:00 ------ 12:02 = t + grace
    #                |in time   12:02:00.001 late
    joining = task()
    record = make(at("12:00"), stream_ms=at("12:02") + behind_ms)
    assert by == [lacked for _, lacked in late(joining, record)]
    other = purchase(at("12:00")) if make is click else click(at("12:00"))
    assert (not by) == bool(ids(joining, other))


def test_a_late_purchase_is_not_unattributed_as_well() -> None:
    """A late purchase is only a late event, with the stage's name and the record."""
    joining = task()
    sent = joining.run([purchase(at("12:00"), stream_ms=at("13:00")), *both(at("15:00"))])
    assert {"late-events"} == set(sent)
    (event,) = said(sent, "late-events")
    assert {"stage", "lateBy", "record"} == set(event)
    assert ("join", 58 * 60.0) == (event["stage"], event["lateBy"])
    assert b"u" == sent["late-events"][0].key


def test_with_the_policy_discard_late_records_of_the_join_are_not_sent() -> None:
    """Both stages obey the policy."""
    joining = task(JoinRules(HOUR, 0, HOUR, emit_late=False))
    assert {} == joining.run([click(at("12:00"), stream_ms=at("13:00"))])


@pytest.mark.parametrize("past_ms", [0, 1])
def test_a_purchase_is_unattributed_once_w_has_passed_it(past_ms: int) -> None:
    """W > P.t, W = S - grace: at 12:02 it may still match a click of 12:00, a ms later not."""
    joining = task()
    bought = purchase(at("12:00"), orderId=1)
    assert [] == unattributed(joining, bought)
    step = joining.run(both(at("12:02") + past_ms))
    expected = {
        "userId": "u",
        "productId": "p",
        "purchaseTimestamp": "2024-01-01T12:00:00.000Z",
        "purchase": "purchases-0-0",
        "order": {"orderId": 1},
    }
    assert ([expected] if past_ms else []) == said(step, "unattributed-purchases")
    assert (not past_ms) == bool(joining.kind(join.PURCHASE))


def test_an_unattributed_purchase_is_emitted_once_and_a_matched_one_never() -> None:
    """Whatever comes afterwards, and after a restart."""
    joining = task()
    records = [click(at("12:00")), purchase(at("12:01"), 0), purchase(at("12:01"), 1, user="v")]
    joining.run(records)
    joining.crash()
    assert ["purchases-0-1"] == unattributed(joining, *both(at("12:30")))
    assert [] == unattributed(joining, *both(at("18:00")))


def test_the_slower_input_decides_how_long_a_purchase_waits() -> None:
    """W = min(S of clicks, S of purchases) - grace."""
    joining = task()
    assert [] == unattributed(joining, purchase(at("12:00")), heard("purchases-0", at("15:00")))
    assert [] == unattributed(joining, heard("clicks-0", at("12:02")))
    assert ["purchases-0-0"] == unattributed(joining, heard("clicks-0", at("12:03")))


def test_a_click_is_kept_until_no_purchase_can_match_it() -> None:
    """W >= C.t + within; the row goes with its bucket of ten minutes, by a tombstone."""
    # C 12:00 -------------- 13:00 + grace = S    bucket [12:00, 12:10)
    joining = task()
    joining.run([click(at("12:00")), *both(at("13:02") - 1)])
    last = purchase(at("13:00") - 1, stream_ms=at("13:02") - 1)
    assert ["clicks-0-0/purchases-0-0"] == ids(joining, last)
    kept = [key for key in joining.rows.rows if key.startswith(join.CLICK)]
    step = joining.stage.step(both(at("13:12")), 0, at_end=False)
    assert [None] == [step.changes.get(key) for key in kept]


def test_a_restart_forgets_neither_clicks_nor_purchases() -> None:
    """Both wait in the table: each still meets its other side."""
    joining = task()
    joining.run([click(at("12:00")), purchase(at("12:05"), 0, productId="q", orderId=1)])
    joining.crash()
    other = click(at("12:03"), "clicks-0-1", productId="q")
    expected = ["clicks-0-1/purchases-0-0", "clicks-0-0/purchases-0-1"]
    assert expected == ids(joining, other, purchase(at("12:06"), 1))


@pytest.mark.parametrize(("event", "by"), [("12:07:59", [1.0]), ("12:08", [])])
def test_a_record_back_from_idleness_is_late_if_it_is_before_w(event: str, by: list[float]) -> None:
    """Clicks-1 rests while the others bring S to 12:10, so W = 12:08."""
    joining = task(clicks=2)
    joining.run([idle("clicks-1", TIMEOUT), *both(at("12:10"))])
    assert by == [lacked for _, lacked in late(joining, click(at(event), "clicks-1-0"))]
