"""The cluster's status is the sum of the workers' parts."""

from msgspec.structs import replace

from app.status.merging import merge
from app.status.pulse import NAMES
from app.status.shape import (
    Histogram,
    Late,
    Place,
    Rules,
    Stage,
    State,
    Status,
    Window,
    Worker,
)

RULES = Rules(2, 300, 120, 86_400, 3_600, "all", "topic")
MINUTE = "2026-11-22T10:{:02}:00.000Z"


def stage(name: str, partition: int, url: str, **fields: object) -> Stage:
    """A stage that read ten records and has one more to read."""
    made = Stage(
        name, partition, url, State.WORKING, MINUTE.format(5), 1, 2.0, 3.0, 10, {}, {}, 0,
        balanced=True, state_bytes=None,
    )  # fmt: skip
    return replace(made, **fields)


def part(url: str, *stages: Stage, **fields: object) -> Status:
    """What a worker says of itself."""
    made = Status(
        at=MINUTE.format(9),
        app_id="x",
        version="0",
        settings=RULES,
        state=State.WORKING,
        problems=[],
        stream_time=MINUTE.format(5),
        event_time_lag_seconds=240.0,
        lag=len(stages),
        rates=dict.fromkeys(NAMES, 1.0),
        totals={},
        balanced=True,
        workers=[Worker(url, asked=False, state=State.WORKING)],
        stages=list(stages),
        missing=[],
        windows=[],
        late=[],
        dead_letters=[],
        conversions=[],
        time_to_purchase=Histogram([60.0], [1, 2]),
    )
    return replace(made, **fields)


A, B = "http://a:1", "http://b:1"
WANTED = {Place("counting", 0), Place("counting", 1)}


def test_rates_lags_and_histograms_are_sums() -> None:
    """Of both workers; the totals come from the ledgers."""
    counted = {"became": {"counted": 9, "late": 1}}
    whole = merge(
        [part(A, stage("counting", 0, A, **counted)), part(B, stage("counting", 1, B, **counted))],
        [],
        WANTED,
    )
    assert (2.0, 2, [2, 4]) == (whole.rates["counted"], whole.lag, whole.time_to_purchase.counts)
    assert (18, 2) == (whole.totals["counted"], whole.totals["late"])
    assert [] == whole.missing


def test_a_partition_that_nobody_answers_for_is_missing() -> None:
    """And its owner is there, unreachable, when the assignment knows it."""
    gone = Worker(B, asked=False, state=State.UNREACHABLE, error="no answer")
    whole = merge([part(A, stage("counting", 0, A))], [gone], WANTED)
    assert [Place("counting", 1)] == whole.missing
    assert ["no answer", "Nobody answers for counting-1"] == [
        problem.partition(",")[0] for problem in whole.problems
    ]
    assert State.UNREACHABLE == whole.state
    assert [A, B] == [worker.url for worker in whole.workers]


def test_a_partition_that_two_workers_claim_counts_once() -> None:
    """Around a rebalance both answer for a moment."""
    both = [part(url, stage("counting", 0, url, read=10)) for url in (A, B)]
    whole = merge(both, [], WANTED)
    assert 1 == len(whole.stages)
    assert 1 == whole.lag


def test_stream_time_is_the_lowest_and_unknown_where_a_partition_does_not_know() -> None:
    """A worker that counts nothing has no say."""
    early, late = (
        part(A, stage("counting", 0, A), stream_time=MINUTE.format(4), event_time_lag_seconds=300),
        part(B, stage("counting", 1, B)),
    )
    intake = part("http://c:1", stage("enrichment", 0, "c"), stream_time=None)
    whole = merge([late, early, intake], [], WANTED)
    assert (MINUTE.format(4), 300) == (whole.stream_time, whole.event_time_lag_seconds)
    unknown = replace(late, stream_time=None, event_time_lag_seconds=None)
    assert merge([early, unknown], [], WANTED).stream_time is None


def test_a_window_is_closed_when_it_is_closed_in_all_partitions() -> None:
    """Its clicks, users and late clicks add up; the newest comes first."""

    def window(minute: int, state: str) -> Window:
        times = (MINUTE.format(minute), MINUTE.format(minute + 5), MINUTE.format(minute + 7))
        return Window(*times, state, 10, 4, 1)

    whole = merge(
        [
            part(A, windows=[window(0, "closed"), window(5, "closed")]),
            part(B, windows=[window(0, "closed"), window(5, "closing")]),
        ],
        [],
        set(),
    )
    found = [(w.window_start, w.state, w.clicks, w.users, w.late) for w in whole.windows]
    assert [
        (MINUTE.format(5), "closing", 20, 8, 2),
        (MINUTE.format(0), "closed", 20, 8, 2),
    ] == found


def test_the_latest_examples_of_all_workers_come_first() -> None:
    """At most twenty."""

    def late(minute: int) -> Late:
        return Late(MINUTE.format(minute), "count", 1.0, "u", MINUTE.format(0), "clicks-0-0")

    parts = [part(A, late=[late(m) for m in range(0, 40, 2)]), part(B, late=[late(39)])]
    whole = merge(parts, [], set())
    assert [39, 38, 36] == [int(example.at[14:16]) for example in whole.late[:3]]
    assert 20 == len(whole.late)


def test_an_unknown_lag_makes_the_whole_unknown() -> None:
    """A number that may be too small would be believed."""
    whole = merge([part(A, stage("counting", 0, A), stage("counting", 1, A, lag=None))], [], WANTED)
    assert whole.lag is None
