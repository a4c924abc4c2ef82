"""What the topics hold, reckoned as it is read. Pure."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from models.timestamps import from_iso

_INNER = ("enriched-clicks", "purchases-by-user")
_decode = msgspec.json.decode


class Pair(NamedTuple):
    """A user in a window."""

    user: str
    start_ms: int


@dataclass
class Ledger:
    """What was read so far.

    Attributes:
        window_ms: Length of a window.
        prefix: Before the topics' names.
        records: Records by topic; watermark and idle records left out.
        clicked: Enriched clicks, late ones too.
        closed: Final counts.
        late: Clicks that came too late to be counted.
        late_for_join: Clicks and purchases that came too late to be matched.
        dead: Dead letters by code.
        dead_of: Dead letters by the input that they were records of; '' is a file's line.
        bought: User of each admitted purchase, by place.
        settled: What became of a purchase, by place: converted, unattributed or late.
        conversions: Their ids.
        to_purchase_s: Seconds from click to purchase, of each conversion.
        repeated: Counts and conversions that came more than once: there must be none.
        event_ms: The highest event time of clicks.
    """

    window_ms: int
    prefix: str
    records: Counter[str] = field(default_factory=Counter)
    clicked: Counter[Pair] = field(default_factory=Counter)
    closed: dict[Pair, int] = field(default_factory=dict)
    late: Counter[Pair] = field(default_factory=Counter)
    late_for_join: int = 0
    dead: Counter[str] = field(default_factory=Counter)
    dead_of: Counter[str] = field(default_factory=Counter)
    bought: dict[str, str] = field(default_factory=dict)
    settled: dict[str, str] = field(default_factory=dict)
    conversions: set[str] = field(default_factory=set)
    to_purchase_s: list[float] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    event_ms: int = 0

    def take(self, topic: str, record: Any) -> Any:
        """Reckon with a record.

        Args:
            topic: Its short name.
            record: As Kafka's client gives it.

        Returns:
            Its value, decoded; None where that is of no interest.
        """
        if topic in _INNER and record.value is None:
            return None  # a watermark or idle record
        self.records[topic] += 1
        if topic == "dead-letters":
            return self._dead_letter({name: text.decode() for name, text in record.headers})
        take = {
            "enriched-clicks": self._click,
            "purchases-by-user": self._purchase,
            "click-counts": self._count,
            "conversion-events": self._conversion,
            "unattributed-purchases": self._unattributed,
            "late-events": self._late,
        }.get(topic)
        if take is None:
            return None
        value = _decode(record.value)
        take(value)
        return value

    def _dead_letter(self, headers: dict[str, str]) -> dict[str, str]:
        self.dead[headers["code"]] += 1
        topic, *place = headers["source"].rsplit("-", 2)
        is_record = topic.startswith(self.prefix) and len(place) == 2  # noqa: PLR2004 partition, offset
        self.dead_of[topic.removeprefix(self.prefix) if is_record else ""] += 1
        return headers

    def _click(self, value: dict[str, Any]) -> None:
        at_ms = from_iso(value["timestamp"])
        self.event_ms = max(self.event_ms, at_ms)
        self.clicked[Pair(value["userId"], at_ms - at_ms % self.window_ms)] += 1

    def _purchase(self, value: dict[str, Any]) -> None:
        self.bought[value["sourceRecord"]] = value["userId"]

    def _count(self, value: dict[str, Any]) -> None:
        pair = Pair(value["userId"], from_iso(value["windowStart"]))
        if pair in self.closed:
            self.repeated.append(f"the count of {value['userId']} from {value['windowStart']}")
        self.closed[pair] = self.closed.get(pair, 0) + value["clickCount"]

    def _conversion(self, value: dict[str, Any]) -> None:
        if value["id"] in self.conversions:
            self.repeated.append(f"conversion {value['id']}")
        self.conversions.add(value["id"])
        self.settled[value["purchase"]] = "converted"
        self.to_purchase_s.append(value["timeToPurchase"])

    def _unattributed(self, value: dict[str, Any]) -> None:
        if value["purchase"] in self.settled:
            self.repeated.append(f"purchase {value['purchase']}")
        self.settled[value["purchase"]] = "unattributed"

    def _late(self, value: dict[str, Any]) -> None:
        record = value["record"]
        if value["stage"] == "count":
            self.late[Pair(record["userId"], from_iso(value["windowStart"]))] += 1
            return
        self.late_for_join += 1
        if is_purchase(record):
            self.settled[record["sourceRecord"]] = "late"


def is_purchase(inner: dict[str, Any]) -> bool:
    """Whether an inner record is a purchase; enriched clicks have a device."""
    return "device" not in inner
