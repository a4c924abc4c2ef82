"""The audit's own stream time equals the application's, without sharing code."""

from hypothesis import given
from hypothesis import strategies as st

from app.audit.clock import Clock
from models.watermark import NEVER_MS, StreamTime

VALID_MS = 100
TOPICS = (("c-0", "c-1"), ("p-0",))
PLACES = st.sampled_from(["c-0", "c-1", "p-0"])
EVENTS = st.lists(
    st.tuples(
        PLACES,
        st.one_of(st.integers(0, 300), st.just(NEVER_MS)),
        st.none() | st.integers(0, 200),
        st.integers(0, 80),
    ),
    max_size=30,
)


@given(EVENTS)
def test_stream_time_is_the_applications_after_every_record(
    events: list[tuple[str, int, int | None, int]],
) -> None:
    """Records, watermarks and idle records in any order, at any distance in time."""
    stream = StreamTime({"c": 2, "p": 1}, VALID_MS // 2)
    clock = Clock(TOPICS, VALID_MS, {})
    at_ms = 0
    for place, stream_ms, idle_ms, later_ms in events:
        at_ms += later_ms
        if idle_ms is None:
            stream.hear(place, stream_ms, at_ms)
            clock.record(place, stream_ms, at_ms)
        else:
            stream.hear_idle(place, stream_ms, idle_ms, at_ms)
            clock.idle(place, stream_ms, idle_ms, at_ms)
        assert stream.value == clock.s_ms


def test_a_record_has_returned_from_idleness_until_its_partition_has_caught_up() -> None:
    """The first record after an idle one, and all up to the one that is ahead of everybody."""
    clock = Clock([["c-0", "c-1"]], VALID_MS, {"c-0": 10, "c-1": 50})
    clock.idle("c-0", 10, 30, 1_000)
    told = []
    for stream_ms in (20, 40, 60, 70):
        clock.record("c-0", stream_ms, 1_001)
        told.append(clock.returned("c-0", stream_ms))
    assert [True, True, True, False] == told
