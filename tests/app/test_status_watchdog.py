"""The watchdog: a task is stalled when it has something to do and does not."""

from app.status.watchdog import STALL_SECONDS, Sight, Watchdog

LATER = STALL_SECONDS + 1


def stalled(*sights: Sight) -> dict[str, float]:
    """What the last of some looks finds, each STALL_SECONDS + 1 after the one before."""
    watchdog = Watchdog()
    return [watchdog.look({"t": s}, now * LATER) for now, s in enumerate(sights)][-1]


def test_a_task_that_stands_still_with_records_to_read_is_stalled() -> None:
    """It says for how long."""
    assert {"t": LATER} == stalled(Sight((5,), 3), Sight((5,), 3))


def test_a_task_that_moves_is_not_stalled() -> None:
    """However far behind it is."""
    assert {} == stalled(Sight((5,), 300), Sight((6,), 400))


def test_a_task_with_nothing_to_read_is_not_stalled() -> None:
    """It waits for records, as it should; only from then on it may be late."""
    assert {} == stalled(Sight((5,), 0), Sight((5,), 0))
    assert {} == stalled(Sight((5,), 3), Sight((5,), 0))


def test_a_task_whose_logs_end_is_not_heard_of_is_stalled() -> None:
    """Nobody fetches for it: the thread that reads may have died."""
    assert {"t": LATER} == stalled(Sight((5,), None), Sight((5,), None))


def test_a_task_is_given_time() -> None:
    """A slow commit is no stall."""
    watchdog = Watchdog()
    watchdog.look({"t": Sight((5,), 3)}, 0.0)
    assert {} == watchdog.look({"t": Sight((5,), 3)}, STALL_SECONDS - 0.1)


def test_a_task_that_was_gone_begins_anew() -> None:
    """After a rebalance it may have been elsewhere."""
    watchdog = Watchdog()
    watchdog.look({"t": Sight((5,), 3)}, 0.0)
    watchdog.look({}, 10.0)
    assert {} == watchdog.look({"t": Sight((5,), 3)}, LATER)
