"""Laws of the questions of growth: what is counted, the tables, and the plots."""

import json
from collections import Counter
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest
from aiokafka import TopicPartition

from bench.figures import Spread
from bench.growth import QUESTIONS, plot
from bench.growth_clicks import HOUR_MS, HourlyClicks
from bench.growth_plot import BOTTOM, HEIGHT, TOP, WIDTH, Mark, Plot, counted, svg
from bench.growth_report import Line, cells, lines
from bench.growth_run import Measured, Point, reached
from bench.report import Row
from models.timestamps import from_iso

M5 = 300_000
END = 1_767_225_600_000
GRACE = 120_000
SVG = "{http://www.w3.org/2000/svg}"


def clicks(hours: int, count: int = 600) -> HourlyClicks:
    """A few clicks over some hours."""
    return HourlyClicks(count, 7, END, "clicks", M5, span_ms=hours * HOUR_MS)


def measured(cpu_s: float, seconds: float = 1.0) -> Measured:
    """A million clicks: as many microseconds each as seconds in all."""
    return Measured(Row("what", 1_000_000, seconds, cpu_s, "none", 5 * 1024 * 1024), 1.5)


def drawn(name: str, told: list[Line]) -> ET.Element:
    """A question's picture, read back."""
    return ET.fromstring(svg(plot(QUESTIONS[name], told)))  # noqa: S314 written here


def places(picture: ET.Element) -> list[tuple[float, float]]:
    """Where its points are."""
    return [(float(c.attrib["cx"]), float(c.attrib["cy"])) for c in picture.iter(f"{SVG}circle")]


def texts(picture: ET.Element) -> list[str]:
    """What is written in it."""
    return ["".join(text.itertext()) for text in picture.iter(f"{SVG}text")]


def test_what_is_expected_is_what_the_written_clicks_count_to() -> None:
    """However many hours they span: no click has another window or user than is expected."""
    given = clicks(hours=6)
    found: Counter[int | None] = Counter()
    for key, value in given:
        event_ms = from_iso(json.loads(value)["timestamp"])
        found[given.expected.place(event_ms - event_ms % M5, key.decode())] += 1
    cells_ = given.expected.cells
    assert 600 == found.total()
    assert found == {place: cells_[place] for place in range(len(cells_)) if cells_[place]}


def test_users_without_a_click_take_no_room() -> None:
    """Of millions of users a few hundred click: nobody else has a cell, or may have a count."""
    given = HourlyClicks(300, 10**7, END, "clicks", M5)
    assert 300 == len(list(given))
    counts = given.expected
    assert counts.rows() == len(counts.cells) <= 300
    assert 300 + 8 == counts.total()
    silent = next(user for user in range(400) if user * counts.windows not in counts.index)
    assert counts.place(counts.start_ms, f"user-{silent:05d}") is None


def test_what_was_counted_is_compared_cell_by_cell() -> None:
    """It begins with nothing, and is the same once all is counted."""
    given = clicks(hours=1)
    list(given)
    expected, found = given.expected, given.expected.like()
    assert expected.rows() == expected.differing(found)
    for event in given.unread().events():
        start_ms = event.event_ms - event.event_ms % M5
        cell = found.place(start_ms, f"user-{event.user:05d}")
        assert cell is not None
        found.cells[cell] += 1
    assert 0 == expected.differing(found)
    found.cells[3] += 1
    assert 1 == expected.differing(found)


def test_every_hour_has_as_many_clicks() -> None:
    """So that the last hour costs the same work, whatever was before it."""
    given = clicks(hours=6)
    hours = Counter(
        (event.event_ms - given.start_ms + 2_000) // HOUR_MS for event in given.events()
    )
    assert all(abs(hours[hour] - 100) <= 2 for hour in range(6))


def test_clicks_are_the_same_each_time() -> None:
    """Rounds differ by nothing but their moment."""
    given = clicks(hours=2)
    assert list(given) == list(given.unread())


def test_closing_clicks_close_every_window_and_let_hardly_any_hour_go() -> None:
    """Beyond window and grace; by an hour more, a worker would delete an hour's rows at the end."""
    given = clicks(hours=1)
    assert END + M5 + GRACE < given.closing_ms < END + HOUR_MS / 2


@pytest.mark.parametrize("hours", [1, 6, 24])
def test_a_full_table_keeps_as_many_hours_as_it_has(hours: int) -> None:
    """Then as many rows expire as come."""
    point = Point.full(hours)
    assert hours * HOUR_MS == point.history_ms
    assert {"PARTITIONS": "8", "RETENTION": f"{hours}h"} == point.settings


def test_each_question_varies_one_setting() -> None:
    """Its points are named by it."""
    assert [(u, 8) for u in (10**4, 10**5, 10**6, 10**7)] == [
        (point.users, point.partitions) for point in QUESTIONS["users"].points.values()
    ]
    assert [(50_000, count) for count in (1, 8, 32, 64)] == [
        (point.users, point.partitions) for point in QUESTIONS["partitions"].points.values()
    ]
    assert [1, 6, 24] == list(QUESTIONS["retention"].points)


def test_history_is_read_up_to_the_mark_that_ends_its_transaction() -> None:
    """A partition without history has none to read; one nothing is known of is at its start."""
    first, second = TopicPartition("t", 0), TopicPartition("t", 1)
    ends = {first: 11, second: 0}
    assert reached({first: 10}, ends)
    assert not reached({first: 9}, ends)
    assert not reached({}, ends)


def test_a_cost_is_processor_time_and_its_ratio_is_to_the_first_point() -> None:
    """Medians of the rounds: 4 and 6 microseconds a click."""
    first, second = lines({1: [measured(4), measured(3), measured(9)], 8: [measured(6, 2)]})
    assert (Spread(4, 3, 9), 1.0, 1.0) == (first.microseconds, first.times, first.speed_times)
    assert (Spread(6, 6, 6), 1.5, 0.5) == (second.microseconds, second.times, second.speed_times)


def test_a_table_tells_each_point_beside_the_first() -> None:
    """Cost, speed and memory."""
    told = lines({1: [measured(4)], 8: [measured(6, 2)]})
    cost = ["6.00", "6.00 - 6.00", "x1.50"]
    assert ["8", "1.50", *cost, "500,000", "x0.50", "5"] == cells(told[1])
    assert len(cells(told[1])) == len(cells(Line(8)))


def test_a_point_that_failed_keeps_its_line_and_is_not_drawn() -> None:
    """The others are told; where it was the first there are no ratios."""
    told = lines({1: [], 8: [measured(6)], 32: [measured(7)]})
    assert "failed" == cells(told[0])[1]
    assert [None, None, None] == [line.times for line in told]
    assert ["", ""] == [cells(told[1])[4], cells(told[1])[6]]
    assert 2 == len(places(drawn("partitions", told)))


def test_points_are_drawn_by_their_value_from_zero() -> None:
    """Twice the cost is twice as high above the axis."""
    told = lines({1: [measured(3)], 8: [measured(6)], 64: [measured(3)]})
    (_, first), (_, second), (_, third) = places(drawn("partitions", told))
    assert first == third
    assert pytest.approx(2 * (BOTTOM - first), abs=0.2) == BOTTOM - second
    assert TOP < second < first < BOTTOM


def test_points_are_drawn_by_the_logarithm_of_their_count() -> None:
    """Ten times as many users are as far to the right each time."""
    told = lines({10**power: [measured(4)] for power in (4, 5, 6, 7)})
    across = [x for x, _ in places(drawn("users", told))]
    steps = [right - left for left, right in pairwise(across)]
    assert [pytest.approx(steps[0], abs=0.2)] * 3 == steps
    assert 0 < across[0] < across[-1] < WIDTH


def test_the_line_goes_through_the_points() -> None:
    """In their order."""
    picture = drawn("retention", lines({1: [measured(3)], 6: [measured(4)]}))
    line = next(picture.iter(f"{SVG}polyline")).attrib["points"].split()
    assert [f"{x},{y}" for x, y in places(picture)] == line


def test_a_plot_says_what_its_points_are() -> None:
    """Title, axes, values with their ratios; all of it inside, and once more in words."""
    picture = drawn("retention", lines({1: [measured(4)], 24: [measured(6)]}))
    assert {
        "Cost of a click by hours of retained state",
        "CPU microseconds a click",
        "hours, logarithmic",
        "24",
        "6.00 (x1.50)",
    } <= set(texts(picture))
    assert f"0 0 {WIDTH} {HEIGHT}" == picture.attrib["viewBox"]
    described = next(picture.iter(f"{SVG}desc")).text
    assert "CPU microseconds a click. 1 hours: 4.00 (x1.00); 24 hours: 6.00 (x1.50)." == described


def test_text_cannot_break_the_picture() -> None:
    """Whatever a title has in it is written out."""
    title = "<a> & b"
    picture = ET.fromstring(svg(Plot(title, "x", "y", [Mark(1, 1, (1, 1))])))  # noqa: S314 as above
    assert title in texts(picture)


@pytest.mark.parametrize(("highest", "step", "top"), [(4.0, 1, 5), (12.5, 5, 15), (0.9, 0.5, 1.5)])
def test_the_value_axis_has_round_marks_beyond_the_highest_value(
    highest: float, step: float, top: float
) -> None:
    """A few of them: 1, 2 or 5 times a power of ten apart."""
    drawing = Plot("", "", "", [Mark(1, highest / 2, (0.1, highest))])
    assert pytest.approx([step, top]) == [drawing.step, drawing.top]


def test_large_powers_of_ten_are_written_as_such() -> None:
    """Others in digits."""
    assert ["64", "1,000", "20,000"] == [counted(count) for count in (64, 1_000, 20_000)]
    assert counted(10**7).startswith("10<tspan")
    assert ">7<" in counted(10**7)


def test_a_question_of_which_nothing_was_measured_has_an_empty_plot() -> None:
    """It is well-formed, too."""
    assert [] == places(drawn("users", lines({10**4: []})))
