"""What may be set otherwise over state that is there, and what must not."""

from dataclasses import replace

import pytest

import models.counting
from models.counting import Counting
from models.errors import SettingsError
from models.join import JoinRules
from models.joining import Joining
from models.queries import summaries_of
from models.stage import Rows
from models.watermark import StreamTime
from models.windows import WindowRules
from tests.models.fakes import HOUR, MINUTE, SECOND, DictRows, Record, at, inner

TIMEOUT = 30 * SECOND
WITHIN, GRACE = HOUR, 2 * MINUTE


def counting(size_ms: int, grace_ms: int, rows: Rows, state: bytes | None) -> Counting:
    """A counting stage that goes on from a state."""
    stage = Counting(
        WindowRules(size_ms, grace_ms, 24 * HOUR), StreamTime({"clicks": 1}, TIMEOUT), rows
    )
    stage.restore(state)
    return stage


def joining(rules: JoinRules, state: bytes | None) -> Joining:
    """A joining stage that goes on from a state."""
    time = StreamTime({"clicks": 1, "purchases": 1}, TIMEOUT)
    stage = Joining(rules, time, DictRows(), "purchases-by-user")
    stage.restore(state)
    return stage


def test_a_window_that_closed_stays_closed_when_the_grace_is_raised() -> None:
    """A click that the longer grace would take is late: the count was emitted."""
    rows = DictRows()
    before = counting(5 * MINUTE, 2 * MINUTE, rows, None)
    clicks: list[Record] = [inner("u", at("10:01")), inner("u", at("10:08"))]
    step = before.step(clicks, 0, at_end=False)
    assert 1 == len(step.outputs["click-counts"])
    rows.apply(step.changes)
    after = counting(5 * MINUTE, 10 * MINUTE, rows, before.dump())
    click = inner("u", at("10:02"), stream_ms=at("10:08"))
    step = after.step([click], 0, at_end=False)
    assert {"counted": 0, "late": 1} == step.became
    assert [0] == step.late_by_ms
    rows.apply(step.changes)
    assert 1 == summaries_of(rows)[at("10:00")].clicks


def test_a_window_that_was_closing_takes_no_clicks_when_the_grace_is_raised(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A crash came between two steps of its closing: some of its counts were emitted."""
    monkeypatch.setattr(models.counting, "MAX_ROWS", 1)
    rows = DictRows()
    before = counting(5 * MINUTE, 2 * MINUTE, rows, None)
    clicks = [inner(user, at("10:01")) for user in "ab"]
    step = before.step([*clicks, inner("c", at("10:08"))], 0, at_end=False)
    assert (1, True) == (len(step.outputs["click-counts"]), step.more)
    rows.apply(step.changes)
    after = counting(5 * MINUTE, 10 * MINUTE, rows, before.dump())
    late = [inner(user, at("10:02"), stream_ms=at("10:08")) for user in "ab"]
    assert {"counted": 0, "late": 2} == after.step(late, 0, at_end=False).became


def test_a_window_that_expired_is_not_revised_when_the_grace_is_raised() -> None:
    """Its count is gone: a revision would begin at one click, and take the place of all."""
    rules = WindowRules(5 * MINUTE, 2 * MINUTE, HOUR, revise_ms=HOUR)
    rows = DictRows()
    before = Counting(rules, StreamTime({"clicks": 1}, TIMEOUT), rows)
    clicks: list[Record] = [
        inner("u", at("10:01")),
        inner("u", at("10:02")),
        inner("v", at("11:08")),
    ]
    rows.apply(before.step(clicks, 0, at_end=False).changes)
    longer = replace(rules, grace_ms=10 * MINUTE)
    after = Counting(longer, StreamTime({"clicks": 1}, TIMEOUT), rows)
    after.restore(before.dump())
    step = after.step([inner("u", at("10:03"), stream_ms=at("11:09"))], 0, at_end=False)
    assert (["late-events"], {"counted": 0, "late": 1}) == (list(step.outputs), step.became)


def test_state_of_windows_of_another_length_is_refused() -> None:
    """A window that has begun would hold clicks of two lengths."""
    kept = counting(5 * MINUTE, GRACE, DictRows(), None).dump()
    with pytest.raises(SettingsError, match=r"WINDOW_SIZE must .* 300000 ms and is 600000"):
        counting(10 * MINUTE, GRACE, DictRows(), kept)


@pytest.mark.parametrize(
    ("rules", "setting"),
    [
        (JoinRules(2 * HOUR, GRACE, HOUR), "JOIN_WITHIN"),
        (JoinRules(WITHIN, GRACE, HOUR, "last"), "ATTRIBUTION"),
        (JoinRules(WITHIN, GRACE, HOUR, revise_ms=HOUR), "LATE_POLICY"),
    ],
)
def test_state_of_another_join_is_refused(rules: JoinRules, setting: str) -> None:
    """Clicks would not be found, or a purchase be matched by both attributions."""
    kept = joining(JoinRules(WITHIN, GRACE, HOUR), None).dump()
    with pytest.raises(SettingsError, match=f"{setting} must stay"):
        joining(rules, kept)


@pytest.mark.parametrize(
    ("was_ms", "now_ms", "said"),
    [
        (0, HOUR, "LATE_POLICY must .* was topic or discard and is revise"),
        (HOUR, 0, "LATE_POLICY must .* was revise and is topic or discard"),
        (HOUR, 2 * HOUR, "REVISE_HORIZON must .* was 3600000 ms and is 7200000 ms"),
        (2 * HOUR, HOUR, "REVISE_HORIZON must .* was 7200000 ms and is 3600000 ms"),
    ],
)
def test_state_of_another_horizon_is_refused(was_ms: int, now_ms: int, said: str) -> None:
    """What a longer one needs is gone; what another one kept would be said twice."""
    windows = [WindowRules(5 * MINUTE, GRACE, 24 * HOUR, revise_ms=ms) for ms in (was_ms, now_ms)]
    joins = [JoinRules(WITHIN, GRACE, 24 * HOUR, revise_ms=ms) for ms in (was_ms, now_ms)]
    time = StreamTime({"clicks": 1}, TIMEOUT)
    kept = Counting(windows[0], time, DictRows()).dump(), joining(joins[0], None).dump()
    with pytest.raises(SettingsError, match=said):
        Counting(windows[1], time, DictRows()).restore(kept[0])
    with pytest.raises(SettingsError, match=said):
        joining(joins[1], kept[1])


def test_late_records_may_be_sent_or_discarded_over_any_state() -> None:
    """Neither needs what the other did not keep, and the state is the same."""
    rules = JoinRules(WITHIN, GRACE, HOUR)
    kept = joining(rules, None).dump()
    assert kept == joining(replace(rules, emit_late=False), kept).dump()
    assert b"revise" not in kept


def test_grace_and_retention_of_the_join_may_change() -> None:
    """They say how long is waited, not what is a pair."""
    kept = joining(JoinRules(WITHIN, GRACE, HOUR), None).dump()
    assert kept == joining(JoinRules(WITHIN, 2 * GRACE, 2 * HOUR), kept).dump()
