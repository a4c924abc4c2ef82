"""What comes of a purchase: conversions, or that none was found. It stays readable for a while.

A row of the joining stage, written with the output that says the same: its key is ``o``, the hour
that the purchase falls into (8 bytes, big-endian), the user (2 bytes of length before it), the
purchase's event time (8 bytes), ``c`` and a conversion's id or ``u`` and the purchase's source; its
value the emitted JSON. An hour's rows are deleted when W reaches its end plus the retention.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from models import inner
from models.stage import Output
from models.timestamps import iso, ms_of

OUTCOME, CONVERSION, UNATTRIBUTED = b"o", b"c", b"u"
#: Rows are found, and expire, by the hour.
HOUR_MS = 3_600_000

#: A purchase's own fields: the others are its order.
_OWN = ("userId", "productId", "timestamp", "sourceRecord", "streamTime")

_decode_raw = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def hour_of(event_ms: int) -> int:
    """Start of the hour that an event falls into."""
    return event_ms - event_ms % HOUR_MS


def hour_key(start_ms: int) -> bytes:
    """First key of an hour."""
    return OUTCOME + start_ms.to_bytes(8, "big")


def user_prefix(start_ms: int, user: bytes) -> bytes:
    """What the keys of a user's outcomes in an hour begin with."""
    return hour_key(start_ms) + len(user).to_bytes(2, "big") + user


@dataclass(frozen=True, slots=True)
class Outcome:
    """A conversion, or an unattributed purchase.

    Attributes:
        key: Of its row.
        output: As it is emitted.
    """

    key: bytes
    output: Output


#: What a purchase's row begins with: a digit, the sum of what holds of it.
_MATCHED, _LATE, _RESOLVED = 1, 2, 4


@dataclass(slots=True)
class Purchase:
    """A purchase that may still be matched.

    Attributes:
        key: Of its row.
        user: Who bought.
        product: What was bought.
        event_ms: When.
        value: The inner record.
        matched: A click on time matches it.
        late: It was late, and within the horizon.
        resolved: It was said if it is unattributed; only late clicks can match it now.
    """

    key: bytes
    user: bytes
    product: str
    event_ms: int
    value: bytes
    matched: bool = False
    late: bool = False
    resolved: bool = False

    def row(self) -> bytes:
        """As kept in the table: what holds of it, user, then the inner record."""
        flags = _MATCHED * self.matched + _LATE * self.late + _RESOLVED * self.resolved
        return b"%d" % flags + len(self.user).to_bytes(2, "big") + self.user + self.value

    @classmethod
    def of_row(cls, key: bytes, row: bytes) -> "Purchase":
        """Read a row."""
        end = 3 + int.from_bytes(row[1:3], "big")
        value = row[end:]
        fields = inner.decode(value)
        event_ms = ms_of(fields.timestamp)
        flags = [bool(int(row[:1]) & flag) for flag in (_MATCHED, _LATE, _RESOLVED)]
        return cls(key, row[3:end], fields.product_id or "", event_ms, value, *flags)

    def conversion(self, click_ms: int, click: str, *, late: bool = False) -> Outcome:
        """That it was matched to a click, at this event time and from this source; a late one?"""
        source = inner.decode(self.value).source_record
        name = f"{click}/{source}"
        value = {
            "id": name,
            "userId": self.user.decode(),
            "productId": self.product,
            "clickTimestamp": iso(click_ms),
            "purchaseTimestamp": iso(self.event_ms),
            "timeToPurchase": (self.event_ms - click_ms) / 1000,
            "click": click,
            "purchase": source,
            "order": self._order(),
            **_revision(revised=late or self.late),
        }
        return self._outcome(CONVERSION, name, value)

    def unattributed(self) -> Outcome:
        """That no click was found for it."""
        source = inner.decode(self.value).source_record
        value = {
            "userId": self.user.decode(),
            "productId": self.product,
            "purchaseTimestamp": iso(self.event_ms),
            "purchase": source,
            "order": self._order(),
            **_revision(revised=self.late),
        }
        return self._outcome(UNATTRIBUTED, source, value)

    def _order(self) -> dict[str, msgspec.Raw]:
        return {name: raw for name, raw in _decode_raw(self.value).items() if name not in _OWN}

    def _outcome(self, kind: bytes, name: str, value: Mapping[str, object]) -> Outcome:
        prefix = user_prefix(hour_of(self.event_ms), self.user)
        key = prefix + self.event_ms.to_bytes(8, "big") + kind + name.encode()
        return Outcome(key, Output(self.user, msgspec.json.encode(value)))


def is_matched(row: bytes) -> bool:
    """Whether a click on time matches the purchase of this row."""
    return bool(int(row[:1]) & _MATCHED)


def _revision(*, revised: bool) -> dict[str, int]:
    return {"revision": 1} if revised else {}
