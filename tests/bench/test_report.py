"""Laws of medians, ratios, goals and what is printed of them."""

import json

from bench.document import Document, document
from bench.figures import Figures, Spread
from bench.goals import CPU, WALL, Goal, ratios, reached, verdicts
from bench.report import Row
from bench.subject import Result, Subject
from bench.table import cells, goals, markdown, remarks


def row(seconds: float, cpu_s: float = 1.0, peak: int = 0) -> Row:
    """A thousand clicks."""
    return Row("what", 1000, seconds, cpu_s, "none", peak, (1, 2))


def result(name: str, *rows: Row, faults: list[str] | None = None, ours: bool = False) -> Result:
    """What came of a subject."""
    subject = Subject(name, name.title(), "none", f"As {name} is.", lambda _: rows[0], ours=ours)
    return Result(subject, list(rows), faults or [])


def found() -> Document:
    """Ours took 1, 2 and 4 seconds, Quix 10, 8 and 20, and Bytewax failed."""
    results = [
        result("counting", row(1), row(2), row(4), ours=True),
        result("quix", row(10, 2), row(8, 2), row(20, 2)),
        result("bytewax", faults=["It broke."]),
    ]
    return document("A machine", 1000, 10, 3, results)


def test_the_median_is_not_moved_by_one_round_that_was_disturbed() -> None:
    """Its time shows in the spread."""
    assert Spread(500, 10, 1000) == Figures.of([row(1), row(100), row(2)]).per_second


def test_the_peak_is_the_highest_of_all_rounds() -> None:
    """A limit must hold it each time."""
    assert 7 == Figures.of([row(1, peak=3), row(1, peak=7), row(1, peak=5)]).peak_bytes


def test_a_ratio_is_of_the_same_rounds() -> None:
    """A slow minute slows both: 10, 4 and 5 times, while medians would make it 5 of 8 to 2."""
    assert Spread(5, 4, 10) == ratios([1000, 500, 250], [100, 125, 50])


def test_where_rounds_are_missing_the_others_median_stands_for_them() -> None:
    """A failed round is no reason to tell nothing."""
    assert Spread(4, 2, 6) == ratios([200, 400, 600], [50, 150])


def test_a_goal_is_met_from_its_figure_on() -> None:
    """At least is at least."""
    rows = {"counting": [row(1)], "quix": [row(6)], "bytewax": [row(3.9)]}
    told = {verdict.goal.peer: verdict.met for verdict in verdicts(rows)}
    assert {"quix": True, "bytewax": False} == told


def test_a_goal_is_of_its_own_clock() -> None:
    """Wall and processor time tell different things."""
    rows = {"a": [row(1, 4)], "b": [row(2, 2)]}
    assert Spread(2, 2, 2) == reached(Goal("a", WALL, 1, "b"), rows)
    assert Spread(0.5, 0.5, 0.5) == reached(Goal("a", CPU, 1, "b"), rows)
    assert Spread(1000, 1000, 1000) == reached(Goal("a", WALL, 1), rows)


def test_of_what_was_not_measured_no_goal_is_told() -> None:
    """Neither met nor not met."""
    assert [] == verdicts({"counting": [row(1)]})
    assert reached(Goal("a", WALL, 1), {}) is None


def test_a_peer_is_compared_and_ours_is_not() -> None:
    """How many times its clicks a second the counting stage reaches."""
    ours, quix, bytewax = found().lines
    assert (None, None) == (ours.ahead_wall, bytewax.ahead_wall)
    assert Spread(5, 4, 10) == quix.ahead_wall
    assert Spread(2, 2, 2) == quix.ahead_cpu


def test_the_table_tells_median_spread_and_what_failed() -> None:
    """A subject that failed keeps its line."""
    ours, quix, bytewax = map(cells, found().lines)
    assert ["Counting", "500", "250 - 1,000", "1,000", "1,000 - 1,000", "", "none", ""] == ours
    assert "5.00 / 2.00" == quix[-1]
    assert "failed" == bytewax[1]
    assert "Bytewax failed: It broke." in list(remarks(found()))


def test_a_peak_is_told_in_mebibytes() -> None:
    """And nothing where nobody looked."""
    line = document("", 1, 1, 1, [result("quix", row(1, peak=5 * 1024 * 1024))]).lines[0]
    assert "5" == cells(line)[5]


def test_every_goal_says_what_was_reached_and_whether_it_is_met() -> None:
    """With its spread."""
    what = "Counting against Quix: at least 6 times by wall time"
    assert [[what, "5.00 (4.00 to 10.00)", "not met"]] == goals(found())


def test_markdown_has_the_same_rows() -> None:
    """Two tables and a list: how each was tuned is told."""
    text = markdown(found())
    assert "| Quix | 100 | 50 - 125 | 500 | 500 - 500 |  | none | 5.00 / 2.00 |" in text
    assert "- Quix: As quix is." in text
    assert text.count("| ---") >= 2


def test_json_has_all_figures() -> None:
    """For those who make something of them."""
    data = json.loads(found().json())
    assert 500 == data["lines"][0]["figures"]["per_second"]["median"]
    assert data["lines"][2]["figures"] is None
    assert [False] == [verdict["met"] for verdict in data["verdicts"]]
