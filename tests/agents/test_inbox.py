"""Laws of the inbox: every record once, in order, and a seek for what is missing."""

from hypothesis import given
from hypothesis import strategies as st

from agents.inbox import Inbox
from tests.agents.fakes import TOPIC, batch


def offsets_of(inbox: Inbox, most: int = 1_000) -> list[int]:
    """Offsets of what waits, taken."""
    return [record.offset for record in inbox.take(most)[0]]


def test_what_is_expected_is_taken_and_moves_the_expectation_to_its_end() -> None:
    """The next batch is to begin where this one ended."""
    inbox = Inbox({TOPIC: 5})
    assert inbox.put(batch(5, 8)) is None
    assert 8 == inbox.expected(TOPIC)
    assert [5, 6, 7] == offsets_of(inbox)


def test_a_batch_below_the_expected_offset_is_skipped() -> None:
    """It was committed already; neither the expectation nor what waits changes."""
    inbox = Inbox({TOPIC: 5})
    assert inbox.put(batch(2, 5)) is None
    assert 5 == inbox.expected(TOPIC)
    assert not inbox


def test_an_overlap_is_trimmed_to_what_is_expected() -> None:
    """After a seek back some records come twice; they are taken once."""
    inbox = Inbox({TOPIC: 5})
    assert inbox.put(batch(3, 8)) is None
    assert 3 == inbox.waiting
    assert [5, 6, 7] == offsets_of(inbox)


def test_a_batch_beyond_the_expected_offset_is_dropped_and_sought_back() -> None:
    """Faust drops batches in flight: what lies between was not delivered."""
    # log       0 1 2 3 4 5 6 7
    # expected            5
    # batch                   7
    inbox = Inbox({TOPIC: 5})
    assert 5 == inbox.put(batch(7, 9))
    assert 5 == inbox.expected(TOPIC)
    assert not inbox


def test_a_gap_is_sought_back_once() -> None:
    """Batches of the same fetches are still on their way; each would seek again."""
    inbox = Inbox({TOPIC: 5})
    assert [5, None, None] == [inbox.put(batch(n, n + 2)) for n in (7, 9, 11)]


def test_the_next_gap_is_sought_back_again() -> None:
    """Once what was missing has come, a later gap is another one."""
    inbox = Inbox({TOPIC: 5})
    inbox.put(batch(7, 9))
    inbox.put(batch(5, 7))
    assert 7 == inbox.put(batch(9, 11))


def test_offsets_without_records_are_no_gap() -> None:
    """Control records, aborted and compacted ones lie within the span that a batch stands for."""
    # log       0 1 c a a 5 c      c: control record, a: aborted
    # batch     [2        7)
    inbox = Inbox({TOPIC: 2})
    assert inbox.put(batch(2, 7, [5])) is None
    assert inbox.put(batch(7, 9, [8])) is None
    assert 9 == inbox.expected(TOPIC)
    assert [5, 8] == offsets_of(inbox)


def test_a_batch_of_control_records_alone_moves_the_expectation() -> None:
    """It has no records, and the position behind it is still committed."""
    inbox = Inbox({TOPIC: 5})
    inbox.put(batch(5, 7, []))
    assert inbox.arrived.is_set()
    assert ([], {TOPIC: 7}) == inbox.take(10)


def test_topics_are_expected_apart() -> None:
    """A gap in one topic holds up nothing of the other."""
    inbox = Inbox({"a": 5, "b": 0})
    assert 5 == inbox.put(batch(6, 7, topic="a"))
    assert inbox.put(batch(0, 2, topic="b")) is None
    assert {"b": 2} == inbox.take(10)[1]
    assert (5, 2) == (inbox.expected("a"), inbox.expected("b"))


def test_whole_batches_are_taken_until_there_are_enough() -> None:
    """A position is the end of a batch, so none is parted."""
    inbox = Inbox({TOPIC: 0})
    for begin in (0, 3, 6):
        inbox.put(batch(begin, begin + 3))
    records, ends = inbox.take(4)
    assert [0, 1, 2, 3, 4, 5] == [record.offset for record in records]
    assert {TOPIC: 6} == ends
    assert 3 == inbox.waiting
    assert inbox.arrived.is_set()
    assert [6, 7, 8] == offsets_of(inbox)
    assert not inbox.arrived.is_set()


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 8)), max_size=60))
def test_whatever_is_delivered_records_come_once_in_order_and_without_gap(
    spans: list[tuple[int, int]],
) -> None:
    """Drops, repeats and overlaps in any order, as rebalances and seeks make them."""
    inbox = Inbox({TOPIC: 0})
    taken: list[int] = []
    for begin, length in spans:
        inbox.put(batch(begin, begin + length))
        taken += offsets_of(inbox, 5)
    taken += offsets_of(inbox)
    assert list(range(inbox.expected(TOPIC))) == taken
