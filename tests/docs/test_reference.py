"""The reference is what the code says."""

from pathlib import Path

import pytest

from app.settings import Settings
from dev.reference.pages import PAGES, stale, write


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page does not depend on the settings of whoever makes it."""
    for field in Settings.model_fields.values():
        monkeypatch.delenv(str(field.validation_alias), raising=False)


def test_every_page_of_the_reference_is_what_the_code_gives() -> None:
    """If this fails: python -m dev.reference."""
    assert [] == stale()


def test_a_page_that_was_changed_by_hand_is_stale(tmp_path: Path) -> None:
    """And so is one that is missing."""
    write(tmp_path)
    assert [] == stale(tmp_path)
    (tmp_path / "settings.md").write_text("# Settings\n")
    (tmp_path / "topics.md").unlink()
    assert ["settings.md", "topics.md"] == stale(tmp_path)


def test_every_setting_has_a_row() -> None:
    """By the name of its variable."""
    text = PAGES["settings.md"]()
    missing = [
        variable
        for field in Settings.model_fields.values()
        if f"| `{(variable := field.validation_alias)}` |" not in text
    ]
    assert [] == missing
