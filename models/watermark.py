"""Stream time: how far event time has come, by input partition and for a stage.

``S(q)`` of an input partition q is the highest event time of its valid records so far, in offset
order. A stage's stream time S is the minimum over the input partitions of the latest S(q) heard
of, by records or by watermark records, and never retreats: so a record of a slow partition is
never late because another one was read faster.

Idle input partitions are left out of the minimum, but only for records appended within twice the
idle timeout of their last idle record. When all are idle, S is the highest S(q) plus the shortest
of their idle times, so that the last windows close.

Watermark and idle records have no value; their headers are ``watermark`` or ``idle`` (the input
partition), ``stream-time`` (ms, empty if there is none) and, if idle, ``idle-for`` (ms). A
watermark record may have ``appended``, the Kafka timestamp (ms) of the input record before it: no
stage looks at it, it serves to measure how long a record took.
"""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import msgspec

from models.timestamps import MAX_MS

#: Stream time before anything was heard of: smaller than any event time.
NEVER_MS = -(1 << 62)

Headers: TypeAlias = Sequence[tuple[str, bytes]]


#: Digits of the longest time that is read.
_DIGITS = len(str(MAX_MS))


def watermark_headers(
    partition: str, stream_time_ms: int, appended_ms: int | None = None
) -> Headers:
    """Headers of a watermark record.

    Args:
        partition: q, as ``<topic>-<partition>``.
        stream_time_ms: S(q).
        appended_ms: Kafka timestamp of the input record before it, if that has one.
    """
    told = (("watermark", partition.encode()), ("stream-time", b"%d" % stream_time_ms))
    return told if appended_ms is None else (*told, ("appended", b"%d" % appended_ms))


def appended_of(headers: Headers) -> int | None:
    """The Kafka timestamp of the input record before a watermark record, if it tells one."""
    text = dict(headers).get("appended") or b""  # Kafka knows null as well
    return int(text) if text.isdigit() and len(text) <= _DIGITS else None


def watermark_of(headers: Headers) -> tuple[str, int] | None:
    """The q and S(q) (ms) that a watermark record tells; None if it is another record."""
    fields = dict(headers)
    partition, text = fields.get("watermark") or b"", fields.get("stream-time") or b""
    if not (partition.isascii() and partition and text.isdigit() and len(text) <= _DIGITS):
        return None
    stream_time_ms = int(text)
    return (partition.decode(), stream_time_ms) if stream_time_ms <= MAX_MS else None


def idle_headers(partition: str, stream_time_ms: int, idle_ms: int) -> Headers:
    """Headers of an idle record: idle for so long by its owner's monotonic clock."""
    known = b"%d" % stream_time_ms if stream_time_ms > NEVER_MS else b""
    return (("idle", partition.encode()), ("stream-time", known), ("idle-for", b"%d" % idle_ms))


class StreamTimeState(msgspec.Struct):
    """What a stage's stream time has heard, as kept in JSON; see :class:`StreamTime`.

    Attributes:
        value: S in epoch ms.
        latest: S(q) by input partition, in epoch ms.
        idle: For how long a partition was idle (ms), and when that was appended (epoch ms).
        by_topic: S of each input topic by itself, in epoch ms.
    """

    value: int
    latest: dict[str, int]
    idle: dict[str, tuple[int, int]]
    by_topic: dict[str, int]


class StreamTime:
    """Stream time of a stage.

    Attributes:
        value: S in epoch ms; ``NEVER_MS`` until every input partition was heard of or is idle.
        partitions: The input partitions that it is told by.
    """

    def __init__(self, partitions: Mapping[str, int], idle_timeout_ms: int) -> None:
        """Begin with nothing heard.

        Args:
            partitions: Number of input partitions by input topic (full name). A topic whose
                partitions are all idle does not hold S back.
            idle_timeout_ms: Idle records are repeated this often; each holds for twice as long.

        Raises:
            ValueError: A topic without partitions: nothing would hold S back for it.
        """
        if not all(partitions.values()):
            raise ValueError(
                f"Each input topic needs partitions to tell the time by; got {partitions}."
            )
        self.value = NEVER_MS
        self._valid_ms = 2 * idle_timeout_ms
        self._topics = {t: [f"{t}-{i}" for i in range(n)] for t, n in partitions.items()}
        self.partitions = frozenset(q for qs in self._topics.values() for q in qs)
        self._latest: dict[str, int] = {}
        self._idle: dict[str, tuple[int, int]] = {}
        self._by_topic = dict.fromkeys(self._topics, NEVER_MS)

    def hear(self, partition: str, stream_time_ms: int, appended_ms: int) -> int:
        """Take S(q) from a record or a watermark record.

        Args:
            partition: q, as ``<topic>-<partition>``.
            stream_time_ms: S(q); never retreats.
            appended_ms: When the broker appended the record to the inner log.

        Returns:
            S after it.
        """
        before = self._latest.get(partition, NEVER_MS)
        if stream_time_ms > before:
            self._latest[partition] = stream_time_ms
        if not self._idle and before > self.value:
            return self.value  # q did not hold the minimum
        self._idle.pop(partition, None)
        return self._recompute(appended_ms)

    @property
    def awake(self) -> bool:
        """Whether no input partition is idle, or comes back from that.

        Then S is not beyond the S(q) of any record, in whatever order they are heard.
        """
        heard = [self._latest.get(q, NEVER_MS) for q in self.partitions]
        return not self._idle and min(heard, default=NEVER_MS) >= self.value

    @property
    def latest(self) -> Mapping[str, int]:
        """The latest S(q) heard of (ms), by input partition."""
        return self._latest

    def hear_all(self, latest: Mapping[str, int], appended_ms: int) -> None:
        """Take the latest S(q) of many records while awake; none retreats.

        Args:
            latest: S(q) (ms) by input partition, of all that were heard of so far.
            appended_ms: When the broker appended the last record.
        """
        self._latest = dict(latest)
        self._recompute(appended_ms)

    def hear_idle(self, partition: str, stream_time_ms: int, idle_ms: int, appended_ms: int) -> int:
        """Take an idle record; returns S after it."""
        self._recompute(appended_ms)
        if stream_time_ms > self._latest.get(partition, NEVER_MS):
            self._latest[partition] = stream_time_ms
        self._idle[partition] = (idle_ms, appended_ms)
        return self._recompute(appended_ms)

    def hear_control(self, headers: Headers, appended_ms: int) -> None:
        """Take a watermark or an idle record.

        Raises:
            ValueError: It is neither, or tells of a time that no clock shows.
        """
        fields = {name: value for name, value in headers if value}  # Kafka knows null as well
        known_ms = int(fields.get("stream-time") or NEVER_MS)
        if known_ms > MAX_MS:
            raise ValueError("its stream time is beyond all that can be written")
        if "watermark" in fields:
            self.hear(fields["watermark"].decode(), known_ms, appended_ms)
        elif "idle" in fields and "idle-for" in fields:
            idle_ms = int(fields["idle-for"])
            if not 0 <= idle_ms <= MAX_MS:
                raise ValueError("its idle time is none that a clock measures")
            self.hear_idle(fields["idle"].decode(), known_ms, idle_ms, appended_ms)
        else:
            raise ValueError("it has no value, and no headers of a watermark or idle record")

    def _recompute(self, now_ms: int) -> int:
        idle = self._idle
        oldest = now_ms - self._valid_ms
        awake_times = []
        for topic, partitions in self._topics.items():
            awake = [q for q in partitions if q not in idle or idle[q][1] < oldest]
            if awake:
                lowest = min([self._latest.get(q, NEVER_MS) for q in awake])
                self._by_topic[topic] = max(self._by_topic[topic], lowest)
                awake_times.append(self._by_topic[topic])
        candidate = min(awake_times) if awake_times else self._all_idle()
        self.value = max(self.value, candidate)
        return self.value

    def _all_idle(self) -> int:
        highest = max(self._latest.values(), default=NEVER_MS)
        if highest == NEVER_MS:
            return NEVER_MS
        return highest + min(idle_ms for idle_ms, _ in self._idle.values())

    def dump(self) -> StreamTimeState:
        """The state, to be kept."""
        if not self._idle:
            self._recompute(self.value)  # a topic's own S may be ahead of what moved S
        return StreamTimeState(self.value, self._latest, self._idle, self._by_topic)

    def load(self, state: StreamTimeState) -> None:
        """Go on from a dumped state, with the input partitions given at construction."""
        self.value = state.value
        self._latest = dict(state.latest)
        self._idle = dict(state.idle)
        self._by_topic |= state.by_topic
