"""docs/scaling.md is what the commands give."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from dev.kafka.jars import ROOT
from dev.scaling import document
from dev.scaling.__main__ import main
from dev.scaling.limits import default
from dev.scaling.sizing import Sizer
from dev.scaling.tables import RATES, Rows, figures


def test_the_page_and_its_pictures_are_what_the_code_gives() -> None:
    """If this fails: python -m dev.scaling --write."""
    assert [] == document.stale()


def test_every_table_is_in_the_page() -> None:
    """By its name."""
    text = document.PAGE.read_text()
    assert [] == [name for name in document.TABLES if f"<!-- made: {name} -->" not in text]


def test_a_table_that_was_changed_by_hand_is_made_anew(tmp_path: Path) -> None:
    """Up to the next empty line; the text around it stays."""
    page = tmp_path / "page.md"
    page.write_text("Before.\n\n<!-- made: constants -->\n\n| old |\n| row |\n\nAfter.\n")
    text = document.page(page.read_text())
    assert text.startswith("Before.\n\n<!-- made: constants -->\n\n| What |")
    assert text.endswith("|\n\nAfter.\n")
    assert "old" not in text


def test_the_command_tells_the_loads_of_any_workload() -> None:
    """As JSON, by clicks a second; a longer interval has fewer transactions."""
    usual = figures(Sizer().sized(default(50_000)))
    options = ["--json", "--clicks", "50000", "--commit-interval", "900"]
    command = [sys.executable, "-m", "dev.scaling", *options]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    found: dict[str, dict[str, float]] = json.loads(done.stdout)
    assert ["50000"] == list(found)
    assert usual.keys() == found["50000"].keys()
    assert found["50000"]["transactions/s"] < usual["transactions/s"]


def test_the_tables_rates_are_those_of_the_page() -> None:
    """A hundred thousand, one million and ten millions."""
    rows: Rows = document.TABLES["loads"]()
    assert ["", "100 k clicks/s", "1 M clicks/s", "10 M clicks/s"] == rows[0]
    assert (1e5, 1e6, 1e7) == RATES


@pytest.mark.parametrize(
    "options",
    [
        *("--clicks 0", "--clicks -5", "--clicks nan", "--clicks inf", "--users -3"),
        *("--partitions 0", "--behind 0", "--window 0", "--commit-interval 0"),
        *("--purchases 0", "--grace -1"),
    ],
)
def test_what_is_no_workload_is_refused_with_the_rule(
    options: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It would end in a division by zero, or in figures of nothing."""
    name, value = options.split()
    monkeypatch.setattr("sys.argv", ["dev.scaling", name, value])
    with pytest.raises(SystemExit) as ended:
        main()
    assert 2 == ended.value.code
    assert f"argument {name}: must be" in capsys.readouterr().err


def test_a_workload_may_have_neither_grace_nor_retention(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As the application may."""
    monkeypatch.setattr("sys.argv", ["dev.scaling", "--grace", "0", "--retention", "0"])
    main()
    assert "cores" in capsys.readouterr().out
