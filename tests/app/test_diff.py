"""Two versions' records against each other: what differs, and why, in SQL over small tables."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.diffing.comparing import examples, stretch_ms
from app.diffing.telling import example, explained, what_of
from app.diffing.things import COMMON, COUNTS, REASONS, TOTALS
from tests.app.audit_tables import MINUTE, T10_00
from tests.app.diff_tables import M5, Versions

CONVERSIONS, UNATTRIBUTED, LATE, DEAD, INNER = COMMON


@pytest.fixture
def versions(tmp_path: Path) -> Iterator[Versions]:
    """Two versions without any records."""
    made = Versions(tmp_path)
    yield made
    made.warehouse.close()


def test_what_is_the_same_is_no_difference(versions: Versions) -> None:
    """Whatever the topics' partitions and offsets."""
    versions.one_of_each("ab")
    assert [] == versions.found(COUNTS, *COMMON)


def test_one_sided_other_and_repeated_records_are_told_apart(versions: Versions) -> None:
    """No setting explains them."""
    versions.count("a", 3, "x")
    versions.count("b", 3, "y")
    versions.count("a", 3, "z")
    versions.count("b", 4, "z")
    versions.count("abb", 4, "w")
    unexplained = [(what, "unexplained") for what in ("only_a", "only_b", "other")]
    assert sorted([*unexplained, ("twice_b", "twice")]) == versions.found(COUNTS)


def test_what_is_not_final_in_both_is_not_compared(versions: Versions) -> None:
    """The slower version decides: windows, purchases, records that it has not read."""
    versions.one_of_each("a")
    slow = versions.sides[1]
    slow.closed_ms, slow.resolved_ms, slow.read_to["clicks", 0] = T10_00, T10_00, 7
    slow.heard["counting", "clicks", 0] = T10_00 + 60 * MINUTE
    assert [] == versions.found(COUNTS, *COMMON)


def test_what_is_just_final_in_both_is_compared(versions: Versions) -> None:
    """One step further than above."""
    versions.one_of_each("a")
    slow = versions.sides[1]
    slow.closed_ms, slow.resolved_ms, slow.read_to["clicks", 0] = T10_00 + 1, T10_00 + 1, 8
    slow.heard["counting", "clicks", 0] = T10_00 + 60 * MINUTE + 1
    assert 5 == len(versions.found(COUNTS, *COMMON))


def test_late_clicks_explain_counts(versions: Versions) -> None:
    """A click that only one took late is missing in that one's window."""
    versions.other(GRACE="10m")
    versions.count("a", 3)
    versions.count("b", 4)
    versions.late("a")
    assert [("other", "late"), ("only_a", "grace")] == versions.found(COUNTS, LATE)


def test_a_return_from_idleness_is_named(versions: Versions) -> None:
    """Its own stream time does not make it late: the clock did."""
    versions.late("a", ahead_ms=0)
    assert [("only_a", "idle")] == versions.found(LATE)


@pytest.mark.parametrize(
    ("rules", "took_ms", "why"),
    [
        ({"JOIN_WITHIN": "1m"}, MINUTE, "within"),
        ({"JOIN_WITHIN": "2m"}, MINUTE, "unexplained"),
        ({"ATTRIBUTION": "last"}, MINUTE, "attribution"),
        ({"JOIN_GRACE": "1s"}, MINUTE, "join_grace"),
    ],
)
def test_a_conversion_that_is_lost_has_its_reason(
    versions: Versions, rules: dict[str, str], took_ms: int, why: str
) -> None:
    """The setting by which just this pair does not match."""
    versions.other(**rules)
    versions.conversion("a", took_ms)
    assert [("only_a", why)] == versions.found(CONVERSIONS)


def test_a_late_click_explains_a_conversion(versions: Versions) -> None:
    """Of the version that lacks it."""
    versions.conversion("b")
    versions.late("a", "join")
    assert [("only_b", "join_late")] == versions.found(CONVERSIONS)


def test_a_dead_letter_explains_what_was_not_enriched(versions: Versions) -> None:
    """And the future skew explains the letter."""
    versions.other(FUTURE_SKEW="1h")
    versions.inner("a")
    versions.dead("b")
    assert [("only_b", "future"), ("only_a", "dead")] == versions.found(DEAD, INNER)


def test_windows_of_two_sizes_are_compared_by_their_sums(versions: Versions) -> None:
    """Over the shortest time that is whole windows of both, once that is final in both."""
    versions.other(WINDOW_SIZE="3m")
    assert 15 * MINUTE == stretch_ms(versions.sides)
    for number, (five, three) in enumerate(((2, 1), (3, 4), (1, 1))):
        versions.count("a", five, start_ms=T10_00 + number * M5)
        versions.count("b", three, start_ms=T10_00 + number * 3 * MINUTE)
    assert [] == versions.found(TOTALS)


def test_a_sum_that_differs_is_found(versions: Versions) -> None:
    """As above, with one click more."""
    versions.other(WINDOW_SIZE="15m")
    versions.count("ab", 2)
    versions.count("a", 2, start_ms=T10_00 + M5)
    assert [("other", "unexplained")] == versions.found(TOTALS)


def test_what_lies_before_a_later_beginning_is_left_out(versions: Versions) -> None:
    """Up to the stream time that the other version had there."""
    versions.sides[1].starts["clicks", 0] = 10
    versions.inner("a", 9, stream_ms=T10_00)
    versions.inner("ab", 10, stream_ms=T10_00 + M5)
    for start_ms in (T10_00, T10_00 + M5):
        versions.count("a", 1, start_ms=start_ms)
    assert [("only_a", "unexplained")] == versions.found(COUNTS, INNER)


def test_what_retention_deleted_is_not_only_in_the_other(versions: Versions) -> None:
    """But a value that both have is still compared."""
    versions.sides[0].shortened.add("click-counts")
    versions.count("b", 1, "x")
    versions.count("a", 1, "y")
    versions.count("b", 2, "z")
    versions.count("a", 3, "z")
    assert [("only_a", "unexplained"), ("other", "unexplained")] == versions.found(COUNTS)


def test_a_sum_of_which_retention_deleted_a_part_is_not_compared(versions: Versions) -> None:
    """The first of three windows is gone in one of them."""
    versions.other(WINDOW_SIZE="15m")
    versions.sides[0].shortened.add("click-counts")
    versions.count("b", 3)
    versions.count("a", 1, start_ms=T10_00 + M5)
    assert [] == versions.found(TOTALS)


def test_a_difference_is_told_with_what_each_says(versions: Versions) -> None:
    """Places and times as people read them."""
    versions.count("a", 3)
    versions.count("b", 4)
    versions.found(COUNTS)
    [(keys, said)] = examples(versions.warehouse, COUNTS, "other", "unexplained", 1)
    text = (
        "user_id u, start 2015-05-17T10:00:00.000Z, revision 0 — "
        "main: end 2015-05-17T10:05:00.000Z, clicks 3; "
        "v2: end 2015-05-17T10:05:00.000Z, clicks 4"
    )
    assert text == example(keys, said, ("main", "v2"))
    assert "only in v2" == what_of("only_b", ("main", "v2"))


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_is_a_sentence(versions: Versions, reason: str) -> None:
    """With both values of the setting that it names."""
    versions.other(GRACE="9m")
    sentence = explained(reason, versions.sides)
    assert ("{" not in sentence, True) == (True, sentence.endswith("."))
    assert reason != "grace" or "2m in main and 9m in v2" in sentence


def test_every_reason_that_sql_gives_has_its_sentence() -> None:
    """None is unheard of."""
    given = {reason for thing in (COUNTS, TOTALS, *COMMON) for reason, _ in thing.why}
    assert {*REASONS} == given | {"twice", "unexplained"}
