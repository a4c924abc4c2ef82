"""Laws of what is told about recovery."""

import pytest

from bench.recovery import after_timeout_s
from dev.drills.rebalance import Stop


def test_a_fail_over_is_timed_from_the_end_of_the_session() -> None:
    """Three seconds of session, begun by a heartbeat up to 0.3 s before the worker was killed."""
    stops = [Stop("it leaves in order", (9.0,), (9.0,)), Stop("it is killed", (8.0,), (3.5, 4.2))]
    assert 1.5 == pytest.approx(after_timeout_s(stops))
