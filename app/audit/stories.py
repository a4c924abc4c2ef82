"""Differences in words: which user, which window, which source records."""

from datetime import UTC, datetime, timedelta
from typing import Any

from app.audit.comparisons import Difference
from app.audit.rules import Rules
from app.audit.warehouse import Warehouse
from app.topics import CLICKS, PURCHASES

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: Source records that one difference names.
_SOURCES = 5
#: Views that speak of a user's window.
_WINDOWS = {"counts", "count_rows", "revision_rows", "views"}
#: What columns are called.
_TEXT = {
    "user_id": "user",
    "product_id": "product",
    "event_ms": "at",
    "stream_ms": "streamTime",
    "start_ms": "window",
    "end_ms": "until",
    "revision": "revision",
    "clicks": "clicks",
    "users": "users",
    "late": "late",
    "page": "page",
    "hour_ms": "hour",
    "late_by_ms": "late by",
    "click_ms": "clicked",
    "purchase_ms": "bought",
    "took_ms": "after",
    "purchase_order": "order",
    "bucket_ms": "bucket",
    "p": "partition",
    "place": "partition",
    "stage": "stage",
    "name": "entry",
    "n": "count",
    "topic": "topic",
    "records": "records",
    "s_ms": "stream time",
    "matched": "matched",
    "resolved": "resolved",
    "source": "source",
}
#: What goes without saying.
_PLAIN = {("revision", 0), ("late", False), ("resolved", False)}
_DURATIONS = {"late_by_ms", "took_ms"}
#: Which input a view's records come from; where it is a column, that says it.
_KIND = {"enriched": CLICKS, "admitted": PURCHASES, "late_clicks": CLICKS, "click_rows": CLICKS,
         "purchase_rows": PURCHASES}  # fmt: skip


def instant(ms: int | None) -> str:
    """An instant as people read it, in UTC."""
    if ms is None:
        return "no time"
    try:
        moment = _EPOCH + timedelta(milliseconds=ms)
    except OverflowError:
        return f"{ms} ms"
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Stories:
    """Tells differences."""

    def __init__(self, warehouse: Warehouse, rules: Rules) -> None:
        """Look for source records in a warehouse."""
        self._warehouse = warehouse
        self._rules = rules

    def tell(self, difference: Difference) -> str:
        """One difference in one sentence."""
        name = difference.comparison.name
        key = ", ".join(self._words(difference.key, difference.comparison.view))
        parts = [f"{name}: {key}: {self._verdict(difference)}"]
        if difference.comparison.view in _WINDOWS:
            parts += self._recount(difference.key["user_id"], difference.key["start_ms"])
        return "; ".join(parts)

    def _verdict(self, difference: Difference) -> str:
        view = difference.comparison.view
        expected = [" ".join(self._words(v, view)) for v in difference.expected]
        found = [" ".join(self._words(v, view)) for v in difference.found]
        again = [" ".join(self._words(v, view)) for v in difference.again]
        said = []
        if again:
            said.append(
                f"there more than once ({again[0]})" if again[0] else "there more than once"
            )
        if expected and found:
            said.append(f"expected {expected[0]}; found {'; '.join(found)}")
        elif expected:
            said.append(f"missing ({expected[0]})" if expected[0] else "missing")
        elif found:
            said.append(f"not expected ({'; '.join(found)})" if found[0] else "not expected")
        return ", ".join(said)

    def _words(self, values: dict[str, Any], view: str) -> list[str]:
        words = []
        if "click_q" in values:
            words.append(f"click {self._place(CLICKS, values['click_q'], values['click_o'])}")
        if "purchase_q" in values:
            place = self._place(PURCHASES, values["purchase_q"], values["purchase_o"])
            words.append(f"purchase {place}")
        if "source_o" in values:
            kind = values.get("kind") or _KIND.get(view, CLICKS)
            words.append(self._place(kind, values["q"], values["source_o"]))
        told = {n: v for n, v in values.items() if n in _TEXT and (n, v) not in _PLAIN}
        words += [f"{_TEXT[n]} {_value(n, v)}" for n, v in told.items()]
        return words

    def _place(self, kind: str, q: int | None, o: int | None) -> str:
        return "of no input record" if q is None else f"{self._rules.topic(kind)}-{q}-{o}"

    def _recount(self, user: str | None, start_ms: int | None) -> list[str]:
        """How many clicks a window has, and some of them."""
        where = "WHERE user_id = ? AND start_ms = ?"
        [clicks] = self._warehouse.one(
            f"SELECT coalesce(sum(clicks), 0) FROM counted {where}",  # noqa: S608 a constant
            [user, start_ms],
        )
        rows = self._warehouse.rows(
            f"SELECT q, source_o FROM countable {where} ORDER BY p, o LIMIT ?",  # noqa: S608 as above
            [user, start_ms, _SOURCES],
        )
        places = ", ".join(self._place(CLICKS, q, o) for q, o in rows)
        return [f"counted again {clicks}: {places}{', ...' if clicks > len(rows) else ''}"]


def _value(name: str, value: Any) -> str:
    if value is None:
        return "none"
    if name in _DURATIONS:
        return f"{value / 1000:g} s"
    return instant(value) if name.endswith("_ms") else str(value)
