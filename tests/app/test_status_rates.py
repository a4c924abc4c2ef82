"""Rates: the mean of the last ten whole seconds."""

from app.status.rates import Rate


def test_a_rate_is_the_mean_of_the_last_ten_whole_seconds() -> None:
    """The second at hand is not over, and does not count yet."""
    rate = Rate()
    for second in range(20):
        rate.add(second + 0.5, 7)
    assert [7.0, 7.0] == [rate.per_second(now) for now in (19.9, 20.0)]


def test_a_rate_falls_to_nothing_when_nothing_happens() -> None:
    """What happened more than ten seconds ago is forgotten."""
    rate = Rate()
    rate.add(100.2, 50)
    assert [0, 5.0, 5.0, 0] == [rate.per_second(now) for now in (100.9, 101.0, 110.9, 111.0)]
