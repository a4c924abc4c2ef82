"""Laws of the clicks that are counted, and of what their counts must be."""

import json
from collections import Counter

from bench.clicks import INPUT_PARTITIONS, Clicks
from bench.counts import CLOSING, Counts
from models.timestamps import from_iso

M5 = 300_000
END = 1_767_225_600_000


def clicks(count: int = 500, users: int = 7) -> Clicks:
    """A few clicks."""
    return Clicks(count, users, END, "clicks", M5)


def test_what_is_expected_is_what_the_written_clicks_count_to() -> None:
    """The counts are made of the same numbers as the messages; here of the messages themselves."""
    given = clicks()
    counted: Counter[tuple[int, str]] = Counter()
    for _, value in given:
        fields = json.loads(value)
        event_ms = from_iso(fields["timestamp"])
        counted[event_ms - event_ms % M5, fields["userId"]] += 1
    places = {given.expected.place(*key): count for key, count in counted.items()}
    cells = given.expected.cells
    assert counted.total() == 500
    assert places == {place: cells[place] for place in range(len(cells)) if cells[place]}


def test_clicks_are_the_same_each_time() -> None:
    """A run can be repeated, and the expected purchases be found by reading them twice."""
    given = clicks()
    assert list(given) == list(given.unread())


def test_no_click_is_late_where_the_grace_is_two_minutes() -> None:
    """Of no click the window has closed by its own input partition: peers may not drop any."""
    for _, value in clicks():
        fields = json.loads(value)
        end_ms = from_iso(fields["timestamp"]) // M5 * M5 + M5
        assert from_iso(fields["streamTime"]) < end_ms + 120_000


def test_stream_time_is_the_highest_event_time_of_the_input_partition_so_far() -> None:
    """As enrichment stamps it."""
    highest: dict[str, int] = {}
    for _, value in clicks():
        fields = json.loads(value)
        q = fields["sourceRecord"].rpartition("-")[0]
        highest[q] = max(highest.get(q, 0), from_iso(fields["timestamp"]))
        assert highest[q] == from_iso(fields["streamTime"])


def test_a_closing_click_lies_beyond_the_grace_of_all_windows() -> None:
    """In every partition, so that they close by event time whoever counts."""
    given = clicks()
    key, value = given.closing(3)
    fields = json.loads(value)
    last_ms = max(from_iso(json.loads(value)["timestamp"]) for _, value in given)
    assert b"closing-3" == key
    assert fields["userId"].startswith(CLOSING)
    assert from_iso(fields["timestamp"]) > last_ms + M5 + 120_000
    assert fields["sourceRecord"].startswith(f"clicks-{3 % INPUT_PARTITIONS}-")


def test_a_cell_is_found_by_start_and_user_and_nothing_else_has_one() -> None:
    """A count of another window or user is a stranger."""
    counts = Counts(users=3, start_ms=0, window_ms=M5, windows=2)
    assert 0 == counts.place(0, "user-00000")
    assert 5 == counts.place(M5, "user-00002")
    wrong = [(1, "user-0"), (2 * M5, "user-0"), (-M5, "user-0"), (0, "user-3"), (0, "user-x")]
    assert [None] * 5 == [counts.place(*place) for place in wrong]


def test_closing_clicks_are_rows_of_the_table_and_none_of_what_is_compared() -> None:
    """They are counted too, each in a window that stays open."""
    counts = Counts(users=2, start_ms=0, window_ms=M5, windows=2, closing=8)
    counts.cells[1] = 3
    counts.cells[2] = 1
    assert (2, 10, 12) == (counts.rows(), len(counts), counts.total())


def test_counts_differ_by_each_cell_that_differs() -> None:
    """One more, one less, one missing."""
    counts = Counts(users=2, start_ms=0, window_ms=M5, windows=2)
    other = counts.like()
    assert 0 == counts.differing(other)
    other.cells[0], other.cells[3] = 1, 2
    assert 2 == counts.differing(other)
