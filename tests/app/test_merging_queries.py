"""Laws of merging what the workers answer of their partitions."""

import random
from collections import Counter

import pytest

from app.answers import Unavailable, Unknown
from app.reading import Progress, freshness
from app.scatter import Part, Place, check_coverage, expired_to, final
from app.views.top import TopPart, first, merged_ranks
from app.views.windows import known, merged_windows
from models.rankings import Summary
from models.windows import WindowRules, row_key

RULES = WindowRules(size_ms=300, grace_ms=120, retention_ms=3_600)


def place(stream_ms: int | None, closed_to: bytes = b"") -> Place:
    """A partition that has come so far."""
    return Place(stream_ms, 0, closed_to)


def part(*partitions: int) -> Part:
    """A part of these partitions."""
    return Part(partitions=dict.fromkeys(partitions, place(None)))


def test_every_partition_is_in_one_part() -> None:
    """In any order, and of any number of workers."""
    check_coverage(4, [part(3, 0), part(), part(1, 2)])


@pytest.mark.parametrize(
    ("parts", "named"),
    [
        ([part(0, 1)], "2, 3"),
        ([part(0, 1), part(1, 2, 3)], "1"),
        ([part(0, 1, 2)], "3"),
        ([], "0, 1, 2, 3"),
    ],
)
def test_a_partition_that_is_missing_or_twice_there_is_named(parts: list[Part], named: str) -> None:
    """An answer without it, or with it twice, would be wrong."""
    with pytest.raises(Unavailable, match=f"nobody answers for {named}: moving"):
        check_coverage(4, parts)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("limit", [1, 3, 50])
def test_the_top_of_the_parts_is_the_top_of_all(seed: int, limit: int) -> None:
    """Whether workers tell the first so many of their own names, or all of shared ones."""
    dice = random.Random(seed)
    clicks = {f"n{n}": dice.randrange(1, 6) for n in range(30)}
    own: list[Counter[str]] = [Counter() for _ in range(3)]
    shared: list[Counter[str]] = [Counter() for _ in range(3)]
    for name, n in clicks.items():
        dice.choice(own)[name] = n
        shares = Counter(dice.randrange(3) for _ in range(n))
        for worker, share in shares.items():
            shared[worker][name] = share
    ranked = sorted(clicks.items(), key=lambda rank: (-rank[1], rank[0]))
    rest = ranked[limit:]
    expected = (ranked[:limit], {"count": len(rest), "clicks": sum(n for _, n in rest)})
    assert expected == merged_ranks([_top(names, limit) for names in own], limit)
    assert expected == merged_ranks([_top(names, len(names)) for names in shared], limit)


def _top(names: Counter[str], listed: int) -> TopPart:
    ranks = first(names.items(), listed)
    return TopPart(partitions={}, summary=None, count=len(names), clicks=names.total(), ranks=ranks)


def test_windows_are_summed_newest_first() -> None:
    """And those that expire are left out."""
    lists = [
        [(900, Summary(5, 2, 1)), (600, Summary(1, 1, 0))],
        [(1200, Summary(1, 1, 0)), (900, Summary(2, 2, 0)), (300, Summary(9, 9, 9))],
    ]
    newest = [(1200, Summary(1, 1, 0)), (900, Summary(7, 4, 1)), (600, Summary(1, 1, 0))]
    assert newest == merged_windows(lists, 5, 300)
    assert newest[:2] == merged_windows(lists, 2, 300)


def test_a_window_is_final_when_all_partitions_closed_it() -> None:
    """One that is in the middle of closing it has not."""
    closed, later = place(0, row_key(301, b"")), place(0, row_key(601, b""))
    closing = place(0, row_key(300, b"u\0"))
    assert final(300, [closed, later])
    assert not final(300, [closed, closing])
    assert not final(600, [closed, later])
    assert not final(300, [closed, place(0)])


def test_a_window_that_expires_anywhere_is_not_known() -> None:
    """Else its sum would lack the partitions that have deleted it already."""
    #  [600----900)   closed at 1020   gone at 4620
    before, at = [place(4_619), place(None)], [place(1_020), place(4_620)]
    assert (300, 600) == (expired_to(RULES, before), expired_to(RULES, at))
    summaries = [Summary(1, 1, 0), None, Summary(2, 1, 4)]
    assert Summary(3, 2, 4) == known(RULES, 600, summaries, before)
    with pytest.raises(Unknown):
        known(RULES, 600, summaries, at)
    with pytest.raises(Unknown):
        known(RULES, 900, [None, None], at)


def test_nothing_expires_before_anything_was_heard_of() -> None:
    """No stream time: no window is as old as that."""
    assert -1 == expired_to(RULES, [place(None)])


def test_an_answer_is_as_fresh_as_what_lags_most() -> None:
    """The lowest stream time, the sum of lags; unknown where one of them is."""
    fresh = freshness([Progress(2_000, 3), Progress(1_000, 4)])
    assert ("1970-01-01T00:00:01.000Z", 7) == (fresh["streamTime"], fresh["lag"])
    fresh = freshness([Progress(2_000, 3), Progress(None, None)])
    assert (None, None) == (fresh["streamTime"], fresh["lag"])
