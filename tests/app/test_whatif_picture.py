"""Laws of what whatif takes and draws."""

import io
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
from rich.console import Console

from app.history.errors import HistoryError
from app.settings import Settings
from app.whatif.choice import Choice, choice_of
from app.whatif.found import Found
from app.whatif.picture import picture
from app.whatif.report import duration, show
from app.whatif.rerun import Joined, Windows

M1, M2, M5 = 60_000, 120_000, 300_000


def _found(*late: int) -> Found:
    choice = choice_of(Settings(), "0s,2m,10m", "1m,5m", "", "0.1%")
    windows = [
        Windows(size, grace, 1_000, count, (grace, grace + 1), None, 1, 1)
        for size in choice.sizes_ms
        for grace, count in zip(choice.graces_ms, late, strict=True)
    ]
    return Found(choice, windows, {}, [])


def test_what_is_set_now_is_among_what_is_tried() -> None:
    """In order, once."""
    found: Choice = choice_of(Settings(), "10m,0s", "1m", "", "1%")
    assert ([0, M2, 600_000], [M1, M5]) == (found.graces_ms, found.sizes_ms)
    assert ([3_600_000], 0.01) == (found.withins_ms, found.late_share)


@pytest.mark.parametrize(
    ("grace", "window", "late"),
    [
        ("soon", "", "1%"),
        ("-1s", "", "1%"),
        ("0s", "0s", "1%"),
        ("0s", "", "1"),
        ("0s", "", "100%"),
        ("0s", "367d", "1%"),
        ("9" * 400, "", "1%"),
        ("9" * 30, "", "1%"),
        (",".join(map(str, range(22))), "", "1%"),
    ],
)
def test_options_that_break_a_rule_are_refused(grace: str, window: str, late: str) -> None:
    """With the rule, what was got and what to write."""
    with pytest.raises(HistoryError, match=r"got '.*Write"):
        choice_of(Settings(), grace, window, "", late)


def test_as_many_durations_are_taken_as_the_rule_says() -> None:
    """Twenty, beside that of now."""
    graces = ",".join(str(second) for second in range(20))
    assert 21 == len(choice_of(Settings(), graces, "", "", "1%").graces_ms)


def test_durations_read_as_people_write_them() -> None:
    """In one unit if it is whole."""
    texts = [duration(ms) for ms in (0, 250, M2, 90_000, 103_200, 3_600_000, 86_400_000)]
    assert ["0s", "0.25s", "2m", "90s", "1m 43.2s", "1h", "1d"] == texts


def test_a_narrow_table_cuts_no_number_short() -> None:
    """A pipe has 80 columns: what does not fit goes on below, and is not left out."""
    long = ((86_400_000, 31_536_000_000), (1_234_567, 9_876_543_210))
    rows = [Windows(M5, grace, 10**9, 10**8, *long, 1, 10**9) for grace in (0, M2, 600_000)]
    console = Console(width=80, file=io.StringIO(), record=True)
    joined = [Joined(M2, 3_600_000, 10**9, 10**9, 10**9)]
    show(console, replace(_found(0, 0, 0), windows=rows, joined=joined))
    assert "…" not in console.export_text()


@pytest.mark.parametrize("late", [(900, 30, 0), (0, 0, 0)])
def test_a_picture_names_every_grace_window_and_mark(late: tuple[int, int, int]) -> None:
    """It is XML, also where nothing is late, and tells in words what it draws."""
    root = ET.fromstring(picture(_found(*late)))  # noqa: S314 our own text
    texts = [element.text for element in root.iter() if element.tag.endswith("}text")]
    assert {"0s", "2m", "10m", "now", "1m windows", "5m windows", "wanted: 0.1%"} <= set(texts)
    told = root.findtext("{http://www.w3.org/2000/svg}desc") or ""
    assert f"grace 0s: {late[0] / 10:g}% late, results wait 0 s to 0.001 s." in told


def test_more_that_is_late_is_drawn_higher() -> None:
    """And nothing is at the foot."""
    root = ET.fromstring(picture(_found(900, 30, 0)))  # noqa: S314 our own text
    lines = [e.get("points") or "" for e in root.iter() if e.tag.endswith("}polyline")]
    heights = [float(point.split(",")[1]) for point in lines[0].split()]
    assert sorted(heights) == heights
    assert 256.0 == heights[-1]
