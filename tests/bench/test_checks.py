"""Laws of what outputs are checked for."""

import json
from dataclasses import dataclass
from typing import Any

from bench.checks import CountsCheck
from bench.counts import Counts
from bench.pipeline import PipelineCheck
from models.timestamps import iso

M5 = 300_000


@dataclass(frozen=True)
class Record:
    """A record of an output."""

    value: bytes | None
    topic: str = "counts"


def expected() -> Counts:
    """User 0 clicked twice in the first window, user 1 once in the second."""
    counts = Counts(users=2, start_ms=0, window_ms=M5, windows=2)
    counts.cells[0], counts.cells[3] = 2, 1
    return counts


def count(user: str, clicks: int, start: int | str, **more: Any) -> Record:
    """A count."""
    fields = {"userId": user, "clickCount": clicks, "windowStart": start}
    return Record(json.dumps(fields | more).encode())


A = count("user-00000", 2, 0)
B = count("user-00001", 1, M5)


def taken(*records: Record, updates: bool = False) -> CountsCheck:
    """A check that has taken these."""
    check = CountsCheck(expected(), updates)
    for record in records:
        check.take(record)
    return check


def test_each_window_once_and_right_is_no_fault() -> None:
    """In any order, with the start as text or as a number."""
    assert taken(B, A).fault() is None
    assert taken(count("user-00000", 2, iso(0)), B).fault() is None


def test_a_missing_a_wrong_a_repeated_and_a_strange_count_are_faults() -> None:
    """Each of them is other work than ours, or less."""
    assert "1 windows wrong" in str(taken(A).fault())
    assert "1 windows wrong" in str(taken(A, count("user-00001", 2, M5)).fault())
    assert "got 3 counts, 1 windows wrong" in str(taken(A, B, B).fault())
    assert "1 counts of no such window" in str(taken(A, B, count("user-9", 1, 0)).fault())


def test_a_window_split_into_two_counts_is_a_fault() -> None:
    """Their sum is right, but nobody could tell."""
    half = count("user-00000", 1, 0)
    assert "got 3 counts, 0 windows wrong" in str(taken(half, half, B).fault())


def test_of_updates_the_last_holds() -> None:
    """What is taken back (diff -1) is no count."""
    one = count("user-00000", 1, 0)
    back = count("user-00000", 1, 0, diff=-1)
    assert taken(one, A, back, B, updates=True).fault() is None
    assert "1 windows wrong" in str(taken(A, one, B, updates=True).fault())


def test_closing_users_and_signals_are_not_needed() -> None:
    """Whether their windows close is nobody's business."""
    check = CountsCheck(expected())
    assert [True, False, False] == [
        check.take(record) for record in (A, count("closing-1", 1, 0), Record(None))
    ]


def test_the_pipeline_is_checked_for_its_other_outputs_too() -> None:
    """As many conversions as there are pairs; no dead letter."""
    wanted = {"conversions": 1, "dead": 0}
    check = PipelineCheck(
        CountsCheck(expected()), "counts", wanted, {topic: set() for topic in wanted}
    )
    for record in (A, B):
        check.take(record)
    assert "conversions must get 1 records; it got 0" in str(check.fault())
    check.take(Record(b"{}", "conversions"))
    assert check.fault() is None
    check.take(Record(b"{}", "dead"))
    assert "dead must get 0 records; it got 1" in str(check.fault())


def test_an_output_that_comes_twice_is_a_fault() -> None:
    """Exactly once is what is promised."""
    check = PipelineCheck(CountsCheck(expected()), "counts", {"out": 1}, {"out": set()})
    for record in (A, B, Record(b"{}", "out"), Record(b"{}", "out")):
        check.take(record)
    assert "1 were repeated" in str(check.fault())
