"""The demo's end: one table, and whether the books balance."""

from collections import Counter
from statistics import median

from dev.demo.balance import Balance
from dev.demo.news import duration, plural
from dev.demo.screen import Screen


def show_summary(screen: Screen, balance: Balance, restarts: int, took: str) -> None:
    """Print the table.

    Args:
        screen: Where.
        balance: Of all that was read.
        restarts: How often a worker was started again.
        took: How long the demo has run.
    """
    rows = _rows(balance)
    rows.append(("workers", f"2, started again {plural(restarts, 'time')}"))
    rows.append(("duration", took))
    screen.table(rows)


def show_verdicts(screen: Screen, balance: Balance) -> bool:
    """Print the checks' results, and return whether all are good."""
    ledger, faults = balance.ledger, balance.faults()
    for topic, became in (("clicks", balance.clicks), ("purchases", balance.purchases)):
        went_in = ledger.records[topic]
        terms = " + ".join(f"{count:,} {what}" for what, count in became.items())
        good = balance.balances(topic)
        screen.verdict(f"{topic}: {went_in:,} in {'=' if good else '≠'} {terms}", good=good)
    for fault in faults:
        screen.verdict(fault, good=False)
    if not faults:
        pairs = f"{len(ledger.clicked):,} pairs of user and window"
        screen.verdict(f"the same for each of {pairs}; nothing came twice", good=True)
    return balance.right


def _rows(balance: Balance) -> list[tuple[str, str]]:
    ledger = balance.ledger
    records, clicks, purchases = ledger.records, balance.clicks, balance.purchases
    times = ledger.to_purchase_s
    middle = f", median time to purchase {duration(median(times))}" if times else ""
    late = f"{plural(ledger.late.total(), 'click')} for their window"
    unattributed = plural(purchases["unattributed"], "purchase")
    return [
        ("records in", f"{records['clicks']:,} clicks, {records['purchases']:,} purchases"),
        ("enriched", plural(records["enriched-clicks"], "click")),
        ("counts closed", f"{len(ledger.closed):,}, with {clicks['in closed windows']:,} clicks"),
        ("still open", f"{len(balance.open):,}, with {clicks['in open windows']:,} clicks"),
        ("late", f"{late}, {ledger.late_for_join:,} clicks and purchases for the join"),
        ("conversions", f"{len(ledger.conversions):,}{middle}"),
        (
            "unattributed",
            f"{unattributed}, {purchases['still waiting']:,} still waiting for a click",
        ),
        ("dead letters", _dead(ledger.dead)),
    ]


def _dead(codes: Counter[str]) -> str:
    each = ", ".join(f"{count} {code}" for code, count in codes.most_common())
    return f"{codes.total():,}" + (f": {each}" if each else "")
