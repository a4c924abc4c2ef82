"""Laws of the counts of open windows that are held in memory: they are the table's."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.open_windows import OpenWindows, end_of
from tests.models.fakes import DictRows

#: The first two follow each other: what ends one prefix begins the next.
PREFIXES = [b"w\x00", b"w\x01", b"w\xff", b"x\x00"]
_NAMES = st.sampled_from([b"", b"\x00", b"a", b"b", b"c", b"\xff", b"\xff\xff"])

#: What one step adds, by prefix: each prefix once, as a step of counting does.
Adds: TypeAlias = Mapping[bytes, Mapping[bytes, int]]

#: A step's additions, then a prefix to forget or none, and whether a restart follows.
STEPS = st.lists(
    st.tuples(
        st.dictionaries(
            st.sampled_from(PREFIXES),
            st.dictionaries(_NAMES, st.sampled_from([1, 2, 998, 1_000]), max_size=5),
            max_size=3,
        ),
        st.sampled_from([None, None, *PREFIXES]),
        st.sampled_from([False, False, True]),
    ),
    max_size=12,
)
LIMITS = st.sampled_from([0, 1, 2, 3, 5, 8, 100_000])


class Counting:
    """Open windows over a table, and a plain count of the same."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.table = DictRows()
        self.plain = Counter[bytes]()
        self.restart()

    def restart(self) -> None:
        """Hold nothing: only what was committed is left."""
        self.open = OpenWindows(self.table, self.most)

    def step(self, adds: Adds) -> tuple[list[int], list[int]]:
        """Add and commit; returns how many rows are new, by the plain count and as said."""
        expected, made = [], []
        changes: dict[bytes, bytes | None] = {}
        for prefix, more in adds.items():
            new = {prefix + name: count for name, count in more.items()}
            expected.append(len(new.keys() - self.plain.keys()))
            self.plain.update(new)
            made.append(self.open.add(prefix, more, changes))
        self.table.apply(changes)
        return expected, made

    @property
    def held(self) -> dict[bytes, Mapping[bytes, int] | None]:
        """What is held under each prefix."""
        return {prefix: self.open.held(prefix) for prefix in PREFIXES}

    def rows_held(self) -> int:
        """How many rows are held in all."""
        return sum(len(held or ()) for held in self.held.values())


@settings(max_examples=500, deadline=None)
@given(LIMITS, STEPS)
def test_counts_are_those_of_a_plain_count_whatever_the_limit(
    most: int, steps: Sequence[tuple[Adds, bytes | None, bool]]
) -> None:
    """Across restarts and with windows forgotten that come again; so is how many rows are new."""
    counting = Counting(most)
    for adds, closed, restarts in steps:
        expected, made = counting.step(adds)
        assert expected == made
        assert {key: b"%d" % n for key, n in counting.plain.items()} == counting.table.rows
        if closed is not None:
            counting.open.forget(closed)
        if restarts:
            counting.restart()


@settings(max_examples=500, deadline=None)
@given(LIMITS, STEPS)
def test_what_is_held_is_all_that_the_table_has_under_a_prefix_and_within_the_limit(
    most: int, steps: Sequence[tuple[Adds, bytes | None, bool]]
) -> None:
    """Or nothing of it is held; what no step touched is not held either."""
    counting = Counting(most)
    for adds, closed, restarts in steps:
        counting.step(adds)
        for prefix, held in counting.held.items():
            assert held in (None, _rows_under(prefix, counting.table))
        assert counting.rows_held() <= most
        if closed is not None:
            counting.open.forget(closed)
            assert counting.held[closed] is None
        if restarts:
            counting.restart()


def _rows_under(prefix: bytes, table: DictRows) -> dict[bytes, int]:
    rows = table.rows.items()
    return {key[len(prefix) :]: int(n) for key, n in rows if key.startswith(prefix)}


@settings(max_examples=300, deadline=None)
@given(LIMITS, STEPS)
def test_all_room_is_given_back_by_what_is_forgotten(
    most: int, steps: Sequence[tuple[Adds, bytes | None, bool]]
) -> None:
    """After any steps, a window of as many rows as may be held is held again."""
    counting = Counting(min(most, 8))
    for adds, closed, _ in steps:
        counting.step(adds)
        if closed is not None:
            counting.open.forget(closed)
    for prefix in PREFIXES:
        counting.open.forget(prefix)
    names = {b"%d" % n: 1 for n in range(counting.most)}
    counting.open.add(b"z", names, {})
    assert names == counting.open.held(b"z")
    counting.open.add(b"z", {b"one more": 1}, {})
    assert counting.open.held(b"z") is None


@pytest.mark.parametrize(("most", "held"), [(3, True), (2, False)])
@pytest.mark.parametrize("restarts", [False, True])
def test_a_window_is_held_up_to_the_limit_and_not_a_row_beyond(
    most: int, held: bool, restarts: bool
) -> None:
    """Three rows, made by the first step or read by the second."""
    counting = Counting(most)
    counting.step({b"w\x00": {b"a": 1, b"b": 1, b"c": 1}})
    if restarts:
        counting.restart()
        counting.step({b"w\x00": {b"a": 1}})
    assert held is (counting.held[b"w\x00"] is not None)


def test_a_window_that_fits_no_more_leaves_its_room_to_others() -> None:
    """The second grows beyond what the first leaves, and a third of its size is held."""
    counting = Counting(3)
    counting.step({b"w\x00": {b"a": 1}, b"w\x01": {b"a": 1, b"b": 1}})
    counting.step({b"w\x01": {b"c": 1}})
    counting.step({b"w\xff": {b"a": 1, b"b": 1}})
    expected = {b"w\x00": {b"a": 1}, b"w\x01": None, b"w\xff": {b"a": 1, b"b": 1}, b"x\x00": None}
    assert expected == counting.held


def test_a_row_that_is_held_is_looked_up_once() -> None:
    """A table that forgets meanwhile is not noticed; after a restart it is."""
    counting = Counting(3)
    counting.step({b"w\x00": {b"a": 1}})
    counting.table.rows.clear()
    changes: dict[bytes, bytes | None] = {}
    assert 0 == counting.open.add(b"w\x00", {b"a": 1}, changes)
    assert {b"w\x00a": b"2"} == changes
    counting.restart()
    assert 1 == counting.open.add(b"w\x00", {b"a": 1}, changes)


_KEYS = st.lists(st.sampled_from([0, 1, 255]), min_size=1, max_size=4).map(bytes)


@settings(deadline=None)
@given(_KEYS.filter(lambda prefix: prefix.strip(b"\xff") != b""), _KEYS)
def test_the_keys_before_a_prefix_ends_are_those_that_begin_with_it(
    prefix: bytes, key: bytes
) -> None:
    """In the order of bytes, from the prefix itself on."""
    assert key.startswith(prefix) is (prefix <= key < end_of(prefix))
