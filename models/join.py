"""The rules of the join: which click matches which purchase, and until when each is kept.

As SQL over the records that are not late::

    SELECT * FROM clicks c JOIN purchases p USING (userId, productId)
    WHERE p.t - c.t >= 0 AND p.t - c.t < within

With ``W = min(S of clicks, S of purchases) - grace``: a record is late when
``t + grace < streamTime`` of its own record (or, back from idleness, when ``t < W``); a click is
kept until ``W >= t + within``, a purchase until ``W > t``, what came of it
until ``W >= end of its hour + retention``. The bounds are the specification's: Kafka Streams'
``JoinWindows`` is inclusive and two-sided.

With the late policy ``revise`` a record that is late by at most the horizon takes part, too
(attribution is ``all`` then):

- Clicks are kept until ``W >= t + within + horizon``, purchases until ``W > t + horizon``. When a
  late record is taken, ``W <= t + horizon`` (W is not beyond what it was judged by). So the other
  half of each of its pairs is still there or still to come, also if it is late itself, and each
  pair is emitted once; with ``revision`` 1 if either is late.
- A purchase is unattributed when no click on time matches it, once ``W > t`` and it was read: all
  clicks on time that could match have been read by then, as each has ``t >= W`` when it is. Late
  clicks don't count here, whether they were read before or after, so that no interleaving
  matters: a conversion with a revision takes the place of what was said. Of a late purchase it has
  ``revision`` 1.
"""

from dataclasses import dataclass
from struct import Struct
from typing import NamedTuple

import msgspec

from models.errors import check_revise, made_otherwise
from models.fields import MAX_ID_BYTES
from models.outcomes import hour_of
from models.watermark import StreamTimeState

CLICK = b"c"
PURCHASE = b"p"
#: Clicks are kept in time buckets of a sixth of ``within``: seven look-ups find a purchase's
#: clicks, and whole buckets expire.
BUCKETS = 6
#: Digits of a partition and of an offset at most: what four and eight bytes hold.
_PARTITION_DIGITS, _OFFSET_DIGITS = 9, 19
#: Bucket keys kept: more than a day of them.
_BUCKETS_KEPT = 1_000
#: What the row of a late click begins with: no topic's name does.
_LATE = b"!"
#: How long an id is, in two bytes.
_LENGTHS = tuple(n.to_bytes(2, "big") for n in range(MAX_ID_BYTES + 1))
_SUFFIX = Struct(">QIQ").pack


@dataclass(frozen=True, slots=True)
class JoinRules:
    """The rules of the join; all in milliseconds.

    Attributes:
        within_ms: A click matches a purchase less than this later.
        grace_ms: How far behind stream time a record may be.
        retention_ms: How long what came of a purchase stays readable.
        attribution: ``all`` pairs, or the ``last`` or ``first`` click of each purchase.
        emit_late: Send late records to late-events.
        revise_ms: A record late by no more than this takes part all the same.
    """

    within_ms: int
    grace_ms: int
    retention_ms: int
    attribution: str = "all"
    emit_late: bool = True
    revise_ms: int = 0

    def check(self, state: bytes) -> None:
        """Check that what a stage remembers was made by the same rules.

        Raises:
            SettingsError: Clicks would be looked for in the buckets of another ``within``, a
                purchase be matched by one attribution and again by another, or late records miss
                what was not kept for them.
        """
        kept = msgspec.json.decode(state, type=JoiningState)
        if kept.within_ms != self.within_ms:
            raise made_otherwise("JOIN_WITHIN", f"{kept.within_ms} ms", f"{self.within_ms} ms")
        if kept.attribution != self.attribution:
            raise made_otherwise("ATTRIBUTION", kept.attribution, self.attribution)
        check_revise(kept.revise_ms, self.revise_ms)

    def matches(self, click_ms: int, purchase_ms: int) -> bool:
        """Whether a click and a purchase at these event times are a pair."""
        return 0 <= purchase_ms - click_ms < self.within_ms

    def horizon(self, stage_ms: int) -> int:
        """W: nothing older than this is still taken."""
        return stage_ms - self.grace_ms

    def lacked(self, event_ms: int, stream_ms: int, stage_ms: int) -> int:
        """Grace that a record lacked, in ms; it is late when this is positive."""
        return max(stream_ms, stage_ms) - self.grace_ms - event_ms

    @property
    def bucket_ms(self) -> int:
        """Length of a time bucket."""
        return max(1, self.within_ms // BUCKETS)

    def bucket_of(self, event_ms: int) -> int:
        """Start of the time bucket of an event."""
        return event_ms - event_ms % self.bucket_ms

    def buckets_for(self, purchase_ms: int) -> range:
        """Starts of the buckets in which a purchase's clicks can be."""
        first = self.bucket_of(purchase_ms - self.within_ms + 1)
        return range(first, purchase_ms + 1, self.bucket_ms)

    def expired_to(self, horizon_ms: int) -> int:
        """Buckets that start before this hold only clicks which nothing can match any more."""
        return self.bucket_of(horizon_ms - self.within_ms - self.revise_ms)

    def outcomes_expired_to(self, horizon_ms: int) -> int:
        """What came of purchases before this has been readable for long enough."""
        return hour_of(horizon_ms - self.retention_ms)


class JoiningState(msgspec.Struct, rename="camel", omit_defaults=True):
    """What the stage remembers.

    Attributes:
        time: Stream time of both inputs.
        within_ms: A click matches a purchase less than this later (ms).
        attribution: Which clicks of a purchase it is matched with.
        revise_ms: Records late by no more than this took part (ms).
    """

    time: StreamTimeState
    within_ms: int
    attribution: str
    revise_ms: int = 0


class Source(NamedTuple):
    """Place of an input record, in the order that breaks ties: partition, then offset."""

    partition: int
    offset: int

    @classmethod
    def of(cls, source_record: str) -> "Source":
        """Read ``<topic>-<partition>-<offset>``.

        Raises:
            ValueError: It is no such thing.
        """
        _, partition, offset = source_record.rsplit("-", 2)
        known = partition.isdecimal() and len(partition) <= _PARTITION_DIGITS
        if not (known and offset.isdecimal() and len(offset) <= _OFFSET_DIGITS):
            raise ValueError("its sourceRecord names no partition and offset")
        return cls(int(partition), int(offset))

    def to_bytes(self) -> bytes:
        """Twelve bytes that sort as the pair does."""
        return self.partition.to_bytes(4, "big") + self.offset.to_bytes(8, "big")


def check_product(product: str) -> None:
    """Check that a product fits into keys.

    Raises:
        ValueError: It is longer than any id that is admitted.
    """
    if len(product.encode()) > MAX_ID_BYTES:
        raise ValueError(f"its productId is over {MAX_ID_BYTES} bytes")


def _text(value: bytes) -> bytes:
    return _LENGTHS[len(value)] + value


def bucket_key(start_ms: int) -> bytes:
    """First key of a bucket of clicks."""
    return CLICK + start_ms.to_bytes(8, "big")


def click_prefix(start_ms: int, user: bytes, product: str) -> bytes:
    """What the keys of a user's clicks on a product in a bucket begin with."""
    return bucket_key(start_ms) + _text(user) + _text(product.encode())


class ClickKeys:
    """Makes the keys of clicks: what most of the join's records are."""

    def __init__(self, rules: JoinRules) -> None:
        """Take the length of a bucket."""
        self._bucket_ms = rules.bucket_ms
        self._buckets: dict[int, bytes] = {}
        self._partitions: dict[str, int] = {}

    def of(self, event_ms: int, user: bytes, product: str, source: str) -> tuple[bytes, bytes]:
        """The prefix and the whole key of a click: its event time and source follow (20 bytes).

        Raises:
            ValueError: Its source is none, or its product is longer than any that is admitted.
        """
        start_ms = event_ms - event_ms % self._bucket_ms
        bucket = self._buckets.get(start_ms) or self._bucket(start_ms)
        name = product.encode()
        if len(name) > MAX_ID_BYTES:
            check_product(product)
        prefix = b"".join((bucket, _LENGTHS[len(user)], user, _LENGTHS[len(name)], name))
        q, _, offset = source.rpartition("-")
        partition = self._partitions.get(q)
        if partition is None or not offset.isdecimal() or len(offset) > _OFFSET_DIGITS:
            partition = self._partitions[q] = Source.of(source).partition
        return prefix, prefix + _SUFFIX(event_ms, partition, int(offset))

    def _bucket(self, start_ms: int) -> bytes:
        if len(self._buckets) > _BUCKETS_KEPT:
            self._buckets.clear()
        self._buckets[start_ms] = key = bucket_key(start_ms)
        return key


def click_row(source: str, *, late: bool) -> bytes:
    """The row of a click: its source, and whether it was late."""
    return _LATE + source.encode() if late else source.encode()


def click_in(row: bytes) -> tuple[str, bool]:
    """The source of a click, and whether it was late."""
    return row.removeprefix(_LATE).decode(), row.startswith(_LATE)


def click_time(key: bytes) -> int:
    """Event time (ms) of the click with this key."""
    return int.from_bytes(key[-20:-12], "big")


def purchase_key(event_ms: int, source: Source) -> bytes:
    """Key of a pending purchase: its event time, then its source."""
    return PURCHASE + event_ms.to_bytes(8, "big") + source.to_bytes()
