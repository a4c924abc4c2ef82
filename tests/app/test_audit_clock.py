"""The audit's own stream time equals the application's, without sharing code."""

from hypothesis import example, given
from hypothesis import strategies as st

from app.audit.clock import Clock, Returns
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


#: An idle record of c-0, and one of c-1 exactly when it holds for the last time.
LAST_MOMENT = [
    ("c-0", 10, None, 0),
    ("c-1", 20, None, 0),
    ("p-0", 30, None, 0),
    ("c-0", 10, 5, 0),
    ("p-0", 30, None, 80),
    ("c-1", 50, None, 20),
]


@given(EVENTS)
@example(LAST_MOMENT)
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
    """Others came to 50 while the idle record (at 1000, for 100 ms) held, to 90 after that."""
    heard = [(900, 10, 0), (1_000, 10, 5), (1_100, 50, 0), (1_101, 90, 0)]
    returns = Returns(heard, VALID_MS)
    returns.idle("c-0", 1_000)
    told = [returns.returned("c-0", stream_ms) for stream_ms in (20, 54, 55, 20)]
    assert [True, True, False, False] == told
    assert (False, 95) == (returns.returned("c-1", 0), returns.most_ms)
