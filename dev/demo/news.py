"""What is told of a record: one line. Pure."""

from enum import Enum
from typing import Any, NamedTuple

from dev.demo.ledger import is_purchase

_SHORT_ID = 14
"""Characters of a user's id that a line shows."""

_MESSAGE = 76
"""Characters of a dead letter's message that a line shows."""

_MINUTE_S, _HOUR_S = 60, 3600


class Kind(Enum):
    """What happened: its word at the line's beginning, the style, what more of it is called."""

    COUNTED = ("counted", "green", "users")
    BOUGHT = ("bought", "bold cyan", "conversions")
    UNATTRIBUTED = ("no click", "blue", "purchases without a click")
    LATE = ("late", "yellow", "late events")
    DEAD = ("dead", "red", "dead letters")

    def __init__(self, word: str, style: str, more: str) -> None:
        self.word = word
        self.style = style
        self.more = more


class News(NamedTuple):
    """One line.

    Attributes:
        kind: What happened.
        text: The line.
        group: Lines of a kind that belong together, such as those of a window.
        clicks: How many clicks it stands for.
    """

    kind: Kind
    text: str
    group: str = ""
    clicks: int = 0


def news_of(topic: str, value: Any) -> News | None:
    """What is told of a record; None where it is not.

    Args:
        topic: Its topic's short name.
        value: Its value, or a dead letter's headers.
    """
    tell = {
        "click-counts": _counted,
        "conversion-events": _bought,
        "unattributed-purchases": _unattributed,
        "late-events": _late,
        "dead-letters": _dead,
    }.get(topic)
    return tell(value) if tell and value else None


def _counted(value: dict[str, Any]) -> News:
    window = f"{clock(value['windowStart'])}-{clock(value['windowEnd'])}"
    clicks = value["clickCount"]
    text = f"{window}  {plural(clicks, 'click')} by {short(value['userId'])}"
    return News(Kind.COUNTED, text, window, clicks)


def _bought(value: dict[str, Any]) -> News:
    took = duration(value["timeToPurchase"])
    what = f"{_purchase(value)} {took} after the click"
    return News(Kind.BOUGHT, what + _order(value["order"]))


def _unattributed(value: dict[str, Any]) -> News:
    what = f"{_purchase(value)} without a click in the hour before"
    return News(Kind.UNATTRIBUTED, what + _order(value["order"]))


def _late(value: dict[str, Any]) -> News | None:
    record = value["record"]
    what = "purchase" if is_purchase(record) else "click"
    if what == "click" and value["stage"] == "join":
        return None  # Its window tells of it already.
    by, user = duration(value["lateBy"]), short(record["userId"])
    of = f"{clock(record['timestamp'])}  {what} of {user}"
    if what == "purchase":
        return News(Kind.LATE, f"{of} came {by} too late to be matched")
    window = f"{clock(value['windowStart'])}-{clock(value['windowEnd'])}"
    return News(Kind.LATE, f"{of} came {by} too late for {window}")


def _dead(headers: dict[str, str]) -> News:
    message = headers["message"]
    shown = message if len(message) <= _MESSAGE else f"{message[: _MESSAGE - 1]}…"
    return News(Kind.DEAD, f"{headers['code']}: {shown}")


def _purchase(value: dict[str, Any]) -> str:
    at, user = clock(value["purchaseTimestamp"]), short(value["userId"])
    return f"{at}  {user} bought {value['productId']}"


def _order(order: dict[str, Any]) -> str:
    return f" (order {order['orderId']})" if "orderId" in order else ""


def clock(iso: str) -> str:
    """Hours and minutes of a timestamp."""
    return iso[11:16]


def short(user: str) -> str:
    """A user's id, cut where it is long."""
    return user if len(user) <= _SHORT_ID else f"{user[:8]}…"


def plural(count: int, noun: str) -> str:
    """A count with its noun."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def duration(seconds: float) -> str:
    """Seconds as people say them: 42s, 3m12s, 1h05m."""
    whole = round(seconds)
    if whole < _MINUTE_S:
        return f"{whole}s"
    if whole < _HOUR_S:
        return f"{whole // _MINUTE_S}m{whole % _MINUTE_S:02}s"
    return f"{whole // _HOUR_S}h{whole % _HOUR_S // _MINUTE_S:02}m"
