"""Laws of reading committed rows with uncommitted changes laid over them."""

from hypothesis import given
from hypothesis import strategies as st

from models.stage import Output, Step, overlaid
from tests.models.fakes import DictRows

KEYS = st.sampled_from([b"%c" % c for c in b"abcdefgh"])
ROWS = st.dictionaries(KEYS, st.sampled_from([b"1", b"2"]))
CHANGES = st.dictionaries(KEYS, st.sampled_from([b"8", b"9", None]))


def test_an_uncommitted_row_is_seen_in_key_order() -> None:
    """What a step has written so far is read like what was committed."""
    found = overlaid(DictRows({b"a": b"1", b"c": b"3"}), {b"b": b"2"}, b"a", b"z", 10)
    assert ([(b"a", b"1"), (b"b", b"2"), (b"c", b"3")], False) == found


def test_an_uncommitted_value_covers_the_committed_one() -> None:
    """A count that this step raised is closed as raised."""
    assert ([(b"a", b"2")], False) == overlaid(DictRows({b"a": b"1"}), {b"a": b"2"}, b"a", b"b", 10)


def test_an_uncommitted_deletion_hides_the_committed_row() -> None:
    """What this step has deleted is not found again."""
    assert ([], False) == overlaid(DictRows({b"a": b"1"}), {b"a": None}, b"a", b"b", 10)


def test_bounds_are_lower_inclusive_and_upper_exclusive_for_both() -> None:
    """Committed rows and changes are cut alike."""
    rows, changes = DictRows({b"a": b"1", b"c": b"1"}), {b"b": b"2", b"d": b"2"}
    assert ([(b"b", b"2"), (b"c", b"1")], False) == overlaid(rows, changes, b"b", b"d", 10)


def test_there_are_more_only_beyond_the_limit() -> None:
    """Exactly as many as the limit are all of them."""
    rows = DictRows({b"a": b"1", b"b": b"2"})
    assert ([(b"a", b"1"), (b"b", b"2")], False) == overlaid(rows, {}, b"a", b"z", 2)
    assert ([(b"a", b"1")], True) == overlaid(rows, {}, b"a", b"z", 1)


def test_a_deleted_row_does_not_use_up_the_limit() -> None:
    """The scan reaches beyond the rows that changes delete."""
    rows = DictRows({b"a": b"1", b"b": b"2", b"c": b"3"})
    assert ([(b"b", b"2")], True) == overlaid(rows, {b"a": None}, b"a", b"z", 1)


@given(ROWS, CHANGES, KEYS, KEYS, st.integers(1, 9))
def test_it_reads_as_if_the_changes_were_committed(
    rows: dict[bytes, bytes],
    changes: dict[bytes, bytes | None],
    lower: bytes,
    upper: bytes,
    limit: int,
) -> None:
    """Whatever the rows, the changes, the bounds and the limit."""
    after = DictRows(rows)
    after.apply(changes)
    expected = after.scan(lower, upper)
    found = overlaid(DictRows(rows), changes, lower, upper, limit)
    assert (expected[:limit], len(expected) > limit) == found


def test_a_step_without_outputs_and_changes_is_nothing_to_commit() -> None:
    """An output is, and so is a deletion."""
    step = Step()
    assert not step
    step.send("late-events", Output(b"u", b"{}"))
    assert step
    assert Step(changes={b"k": None})
