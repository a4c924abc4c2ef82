"""Laws of the books: what is added up, and what does not add up."""

import pytest

from agents.spec import Envelope, Note
from app.books import Account, Books, ledger_in
from models.errors import LedgerBroken
from models.ledger import Ledger

#: What is no JSON in ways of its own: a text that is not UTF-8, and nesting beyond any stack.
BEYOND_JSON = (b'{"lineage": "\xff", "ledger": "\xff"}', b'{"x": ' + b"[" * 100_000)

ENRICHED = Ledger(5, {"enriched": 4, "deadLetters": 1}, {"enriched-clicks": 6, "dead-letters": 1})


def _books(*read: Ledger) -> Books:
    enrichment = Account("enrichment", ("clicks",), {0: ENRICHED, 3: ENRICHED})
    counting = Account("counting", ("enriched-clicks",), dict(enumerate(read)))
    return Books([enrichment, counting])


@pytest.mark.parametrize(("read", "left"), [(0, 12), (8, 4), (12, 0)])
def test_what_was_sent_and_not_yet_read_is_on_the_way(read: int, left: int) -> None:
    """Twelve inner records were sent, watermarks too."""
    books = _books(Ledger(read, {"counted": read}))
    assert ([0, left], []) == ([books.on_the_way(a) for a in books.accounts], books.faults)


def test_a_foreign_record_in_an_inner_topic_was_not_sent_by_a_stage() -> None:
    """It is read and is a dead letter; nothing is amiss."""
    books = _books(Ledger(13, {"counted": 12, "deadLetters": 1}))
    assert (0, []) == (books.on_the_way(books.accounts[1]), books.faults)


def test_more_read_than_sent_is_a_fault() -> None:
    """Records came twice, or the ledger in front of it was lost."""
    [fault] = _books(Ledger(13, {"counted": 13})).faults
    assert fault.startswith("counting can read only what was sent to enriched-clicks: it read 1 ")


def test_a_broken_sum_names_stage_and_partition() -> None:
    """Of each partition by itself: two faults must not cancel out."""
    books = _books(Ledger(5, {"counted": 4}), Ledger(5, {"counted": 6}))
    assert ["counting-0", "counting-1"] == [fault.split()[0] for fault in books.faults]
    assert not books.as_json()["balanced"]


def test_the_books_are_json_for_machines() -> None:
    """Totals and partitions by stage."""
    counting = _books(Ledger(12, {"counted": 12})).as_json()["stages"][1]
    ledger = {"read": 12, "became": {"counted": 12}, "sent": {}, "lost": 0}
    expected = {
        "stage": "counting",
        "reads": ["enriched-clicks"],
        "onTheWay": 0,
        "total": ledger,
        "partitions": {"0": ledger},
    }
    assert expected == counting


@pytest.mark.parametrize("state", [b"", b"rubbish", b"[]", b'{"ledger": 7}', b"\xff", *BEYOND_JSON])
@pytest.mark.parametrize("kind", [Envelope, Note])
def test_what_is_no_ledger_is_told_with_its_place(
    state: bytes, kind: type[Envelope | Note]
) -> None:
    """Who may write to a changelog may write anything."""
    with pytest.raises(LedgerBroken, match=r"that of counting-3 can't be read \("):
        ledger_in(state, kind, "counting-3")
