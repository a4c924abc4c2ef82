"""Laws of the settings of late records that revise."""

import pytest

from app.settings import Settings, load_settings
from models.errors import SettingsError

HOUR_MS = 3_600_000


def loaded(monkeypatch: pytest.MonkeyPatch, **settings: str) -> Settings:
    """The settings, from an environment with these."""
    for name, value in settings.items():
        monkeypatch.setenv(f"CLICKSTREAM_{name}", value)
    return load_settings()


@pytest.mark.parametrize(
    ("policy", "revise_ms"), [("topic", 0), ("discard", 0), ("revise", HOUR_MS)]
)
def test_late_records_revise_by_that_policy_alone(
    monkeypatch: pytest.MonkeyPatch, policy: str, revise_ms: int
) -> None:
    """Those late by up to an hour, unless set otherwise."""
    assert revise_ms == loaded(monkeypatch, LATE_POLICY=policy).revise_ms


def test_a_horizon_is_not_longer_than_the_retention(monkeypatch: pytest.MonkeyPatch) -> None:
    """The counts that would be revised are gone by then."""
    given = {"LATE_POLICY": "revise", "REVISE_HORIZON": "1h", "RETENTION": "1h"}
    assert HOUR_MS == loaded(monkeypatch, **given).revise_ms
    with pytest.raises(SettingsError) as caught:
        loaded(monkeypatch, **given | {"RETENTION": "59m"})
    assert (
        "CLICKSTREAM_REVISE_HORIZON must not be longer than CLICKSTREAM_RETENTION, for which "
        "counts are kept; it is 3600000 ms, and they are kept for 3540000 ms. Shorten the one or "
        "lengthen the other."
    ) == str(caught.value)


@pytest.mark.parametrize("attribution", ["last", "first"])
def test_revisions_need_all_pairs(monkeypatch: pytest.MonkeyPatch, attribution: str) -> None:
    """A click that was chosen can't be unchosen; other policies allow every attribution."""
    loaded(monkeypatch, ATTRIBUTION=attribution)
    with pytest.raises(SettingsError) as caught:
        loaded(monkeypatch, LATE_POLICY="revise")
    assert (
        "CLICKSTREAM_LATE_POLICY=revise needs all pairs: who was chosen can't be unsaid; "
        f"CLICKSTREAM_ATTRIBUTION is {attribution}. Set it to all, or CLICKSTREAM_LATE_POLICY to "
        "topic or discard."
    ) == str(caught.value)


def test_a_horizon_alone_does_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be longer than the retention where nothing revises."""
    assert 0 == loaded(monkeypatch, REVISE_HORIZON="48h", RETENTION="1h").revise_ms
