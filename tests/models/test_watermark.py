"""Laws of stream time: of a stage, over its input partitions, some of them idle."""

import msgspec
import pytest

from models.watermark import (
    NEVER_MS,
    StreamTime,
    StreamTimeState,
    appended_of,
    idle_headers,
    watermark_headers,
)
from tests.models.fakes import DAY, SECOND

IDLE_TIMEOUT = 30 * SECOND
T = DAY


def over(**partitions: int) -> StreamTime:
    """Stream time over topics with so many partitions."""
    return StreamTime(partitions, IDLE_TIMEOUT)


def again(time: StreamTime) -> StreamTime:
    """Two partitions of clicks, one of purchases, restored from a dump that went through JSON."""
    restored = over(clicks=2, purchases=1)
    restored.load(msgspec.json.decode(msgspec.json.encode(time.dump()), type=StreamTimeState))
    return restored


def test_stream_time_is_the_minimum_over_the_input_partitions() -> None:
    """The slowest decides, whichever was heard of last."""
    # clicks-0 ------------------|20
    # clicks-1 --------|10  S            then clicks-1 comes to 30 and clicks-0 decides
    time = over(clicks=2)
    time.hear("clicks-0", T + 20, DAY)
    assert T + 10 == time.hear("clicks-1", T + 10, DAY)
    assert T + 20 == time.hear("clicks-1", T + 30, DAY)


def test_an_input_partition_that_was_not_heard_of_holds_back() -> None:
    """Nothing is known of it, so nothing may close."""
    time = over(clicks=2)
    assert NEVER_MS == time.hear("clicks-0", T, DAY)
    assert T == time.hear("clicks-1", T + 5, DAY)


def test_stream_time_of_an_input_partition_never_retreats() -> None:
    """A watermark record repeated after a restart may be older than the records."""
    time = over(clicks=2)
    time.hear("clicks-0", T + 20, DAY)
    time.hear("clicks-0", T + 5, DAY)
    assert T + 20 == time.hear("clicks-1", T + 30, DAY)


def test_stream_time_is_the_minimum_over_topics() -> None:
    """For the join: min(S of clicks, S of purchases)."""
    time = over(clicks=1, purchases=1)
    assert NEVER_MS == time.hear("clicks-0", T + 20, DAY)
    assert T + 10 == time.hear("purchases-0", T + 10, DAY)
    assert T + 20 == time.hear("purchases-0", T + 30, DAY)


def test_a_watermark_record_is_heard_as_a_record_is() -> None:
    """It has no value; its headers say it all."""
    time = over(clicks=1)
    time.hear_control(watermark_headers("clicks-0", T + 7), DAY)
    assert T + 7 == time.value


def test_when_the_record_before_it_was_appended_moves_no_time() -> None:
    """It is there to be measured: stages decide as without it."""
    told, untold = over(clicks=1), over(clicks=1)
    headers = watermark_headers("clicks-0", T + 7, DAY + 99)
    told.hear_control(headers, DAY)
    untold.hear_control(watermark_headers("clicks-0", T + 7), DAY)
    assert untold.dump() == told.dump()
    assert DAY + 99 == appended_of(headers)


@pytest.mark.parametrize("text", [b"", b"soon", b"-1", b"1.5", b"9" * 16, b"\xd9\xa1"])
def test_what_is_no_kafka_timestamp_is_none(text: bytes) -> None:
    """Anyone may have written it."""
    assert appended_of((("watermark", b"clicks-0"), ("appended", text))) is None


def test_a_record_without_value_that_is_neither_is_told_apart() -> None:
    """Neither watermark nor idle: stream time stays."""
    time = over(clicks=1)
    with pytest.raises(ValueError, match="no headers of a watermark"):
        time.hear_control((("trace", b"1"),), DAY)
    assert NEVER_MS == time.value


def test_an_idle_input_partition_is_left_out() -> None:
    """Clicks-1 rests at 10; clicks-0 alone decides."""
    time = over(clicks=2)
    time.hear("clicks-0", T + 20, DAY)
    time.hear("clicks-1", T + 10, DAY)
    assert T + 20 == time.hear_idle("clicks-1", T + 10, IDLE_TIMEOUT, DAY)
    assert T + 25 == time.hear("clicks-0", T + 25, DAY)


def test_an_empty_input_partition_is_declared_idle_like_any_other() -> None:
    """It has no stream time to tell."""
    time = over(clicks=2)
    time.hear("clicks-0", T + 20, DAY)
    time.hear_control(idle_headers("clicks-1", NEVER_MS, IDLE_TIMEOUT), DAY)
    assert T + 20 == time.value


def test_an_idle_record_tells_stream_time_like_a_watermark_record() -> None:
    """Its S(q) may be news; it counts once the others are idle, or this one is awake."""
    time = over(clicks=2)
    time.hear("clicks-0", T + 20, DAY)
    time.hear_idle("clicks-1", T + 30, IDLE_TIMEOUT, DAY)
    assert T + 30 + SECOND == time.hear_idle("clicks-0", T + 20, SECOND, DAY)


@pytest.mark.parametrize(("after_ms", "stage_ms"), [(0, T + 50), (1, T + 20)])
def test_an_idle_record_holds_for_twice_the_idle_timeout(after_ms: int, stage_ms: int) -> None:
    """Then, after an outage say, nobody is idle until heard of again."""
    #  idle record             + 2 x timeout   1 ms later
    #  |---------- left out ----------------|  holds back
    time = over(clicks=2)
    time.hear("clicks-0", T + 20, DAY)
    time.hear("clicks-1", T + 10, DAY)
    time.hear_idle("clicks-1", T + 10, IDLE_TIMEOUT, DAY)
    heard = time.hear("clicks-0", T + 50, DAY + 2 * IDLE_TIMEOUT + after_ms)
    assert stage_ms == heard


def test_another_idle_record_holds_for_as_long_again() -> None:
    """The last one counts."""
    time = over(clicks=2)
    time.hear("clicks-0", T + 20, DAY)
    time.hear_idle("clicks-1", NEVER_MS, IDLE_TIMEOUT, DAY)
    time.hear_idle("clicks-1", NEVER_MS, 2 * IDLE_TIMEOUT, DAY + IDLE_TIMEOUT)
    assert T + 50 == time.hear("clicks-0", T + 50, DAY + 3 * IDLE_TIMEOUT)
    assert T + 50 == time.hear("clicks-0", T + 60, DAY + 3 * IDLE_TIMEOUT + 1)


def test_idleness_is_judged_when_a_record_was_appended() -> None:
    """After an outage the first idle record finds the others awake: S is not highest + idle."""
    time = over(clicks=2)
    time.hear("clicks-0", T + 20, DAY)
    time.hear_idle("clicks-0", T + 20, IDLE_TIMEOUT, DAY)
    after_outage = DAY + 2 * IDLE_TIMEOUT + 1
    assert T + 20 == time.hear_idle("clicks-1", T + 90, IDLE_TIMEOUT, after_outage)
    assert T + 90 + SECOND == time.hear_idle("clicks-0", T + 20, SECOND, after_outage)


def test_the_next_record_ends_idleness_and_stream_time_does_not_retreat() -> None:
    """Clicks-1 comes back at 12: S stays at 20 until clicks-1 has passed it."""
    time = over(clicks=2)
    time.hear("clicks-0", T + 20, DAY)
    time.hear_idle("clicks-1", T + 10, IDLE_TIMEOUT, DAY)
    assert T + 20 == time.hear("clicks-1", T + 12, DAY + 1)
    assert T + 20 == time.hear("clicks-0", T + 40, DAY + 1)
    assert T + 30 == time.hear("clicks-1", T + 30, DAY + 1)


def test_with_all_idle_stream_time_is_the_highest_plus_the_shortest_idle_time() -> None:
    """So that the last windows close."""
    time = over(clicks=2)
    time.hear("clicks-0", T + 20, DAY)
    time.hear("clicks-1", T + 10, DAY)
    time.hear_idle("clicks-0", T + 20, 45 * SECOND, DAY)
    assert T + 20 + 31 * SECOND == time.hear_idle("clicks-1", T + 10, 31 * SECOND, DAY)
    assert T + 20 + 45 * SECOND == time.hear_idle("clicks-1", T + 10, 61 * SECOND, DAY + 1)


def test_stream_time_does_not_retreat_when_one_of_all_that_were_idle_comes_back() -> None:
    """It was ahead of every event; it goes on when the events have passed it."""
    # clicks-0 --|20 idle ........ S = 20 + 30 s   then 25: S stays
    time = over(clicks=1)
    time.hear("clicks-0", T + 20, DAY)
    ahead = time.hear_idle("clicks-0", T + 20, IDLE_TIMEOUT, DAY)
    assert ahead == time.hear("clicks-0", T + 25, DAY + 1)
    assert ahead + 7 == time.hear("clicks-0", ahead + 7, DAY + 2)


def test_an_idle_one_that_is_ahead_comes_back_too() -> None:
    """Clicks-1 is awake again, so not all are idle when clicks-0 is."""
    time = over(clicks=2)
    time.hear("clicks-0", T + 20, DAY)
    time.hear("clicks-1", T + 30, DAY)
    time.hear_idle("clicks-1", T + 30, IDLE_TIMEOUT, DAY)
    time.hear("clicks-1", T + 31, DAY)
    assert T + 31 == time.hear_idle("clicks-0", T + 20, IDLE_TIMEOUT, DAY)


def test_stream_time_does_not_retreat_when_a_topic_that_was_all_idle_comes_back() -> None:
    """Purchases were left out up to 20; the first one at 8 holds S there, not back at 8."""
    time = over(clicks=1, purchases=1)
    time.hear("clicks-0", T + 20, DAY)
    time.hear_idle("purchases-0", NEVER_MS, IDLE_TIMEOUT, DAY)
    assert T + 20 == time.hear("purchases-0", T + 8, DAY)
    assert T + 20 == time.hear("clicks-0", T + 40, DAY)
    assert T + 30 == time.hear("purchases-0", T + 30, DAY)


def test_with_all_idle_and_nothing_ever_heard_there_is_no_stream_time() -> None:
    """There is no event to go on from."""
    time = over(clicks=1)
    assert NEVER_MS == time.hear_idle("clicks-0", NEVER_MS, IDLE_TIMEOUT, DAY)


def test_a_topic_that_is_all_idle_does_not_hold_back() -> None:
    """Nobody buys; clicks go on and the join with them."""
    time = over(clicks=1, purchases=2)
    time.hear("clicks-0", T + 20, DAY)
    time.hear_idle("purchases-0", NEVER_MS, IDLE_TIMEOUT, DAY)
    assert NEVER_MS == time.value
    assert T + 20 == time.hear_idle("purchases-1", T + 5, IDLE_TIMEOUT, DAY)


def test_all_idle_means_those_of_all_topics() -> None:
    """For the join: of both topics; the highest may be either's."""
    time = over(clicks=1, purchases=1)
    time.hear("clicks-0", T + 20, DAY)
    time.hear("purchases-0", T + 70, DAY)
    assert T + 70 == time.hear_idle("clicks-0", T + 20, IDLE_TIMEOUT, DAY)
    assert T + 70 + SECOND == time.hear_idle("purchases-0", T + 70, SECOND, DAY)


def test_stream_time_of_a_topic_never_retreats() -> None:
    """Clicks came to 50 without clicks-1: its return holds clicks there, and S below 50 goes on."""
    # clicks-0    ----------------------------|50
    # clicks-1    --|10 idle, then 12
    # purchases-0 --------|20, then 40        S = 20, then 40
    time = over(clicks=2, purchases=1)
    time.hear("clicks-0", T + 50, DAY)
    time.hear_idle("clicks-1", T + 10, IDLE_TIMEOUT, DAY)
    time.hear("purchases-0", T + 20, DAY)
    time.hear("clicks-1", T + 12, DAY)
    restored = again(time)
    assert T + 40 == time.hear("purchases-0", T + 40, DAY) == restored.value + 20
    assert T + 40 == restored.hear("purchases-0", T + 40, DAY)


@pytest.mark.parametrize(
    ("partition", "stream_ms", "after_ms", "stage_ms"),
    [
        ("clicks-0", T + 25, 2 * IDLE_TIMEOUT, T + 25),
        ("clicks-0", T + 40, 2 * IDLE_TIMEOUT + 1, T + 20),
        ("clicks-1", T + 40, 0, T + 20),
        ("purchases-0", T + 40, 0, T + 20),
    ],
)
def test_a_restored_stream_time_goes_on_as_the_original(
    partition: str, stream_ms: int, after_ms: int, stage_ms: int
) -> None:
    """Whatever comes next: what was heard, who is idle and since when, and S were dumped."""
    time = over(clicks=2, purchases=1)
    time.hear("clicks-0", T + 20, DAY)
    time.hear_idle("clicks-1", T + 10, IDLE_TIMEOUT, DAY)
    time.hear("purchases-0", T + 30, DAY)
    restored = again(time)
    assert T + 20 == time.value == restored.value
    assert stage_ms == time.hear(partition, stream_ms, DAY + after_ms)
    assert stage_ms == restored.hear(partition, stream_ms, DAY + after_ms)
    for q in ("clicks-0", "purchases-0", "clicks-1"):
        time.hear_idle(q, NEVER_MS, IDLE_TIMEOUT, DAY + after_ms)
        restored.hear_idle(q, NEVER_MS, IDLE_TIMEOUT, DAY + after_ms)
    assert time.value == restored.value
