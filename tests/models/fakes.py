"""Fakes of what surrounds a stage: Kafka's records, a table's rows, and the engine in miniature."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.ledger import Ledger
from models.stage import Changes, InputRecord, Output, Rows, Stage, Step
from models.timestamps import iso
from models.watermark import NEVER_MS, Headers, idle_headers, watermark_headers

CLICKS = "clicks"
PURCHASES = "purchases"
ENRICHED = "enriched-clicks"
BY_USER = "purchases-by-user"

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE

#: Steps without input that any test needs at most.
MOST_STEPS = 500

#: 2024-01-01T00:00:00Z: the day of all tests.
DAY = 1_704_067_200_000


def at(clock: str) -> int:
    """Epoch ms of a time of the day, ``10:07`` or ``10:07:30``."""
    hours, minutes, *seconds = (int(part) for part in clock.split(":"))
    return DAY + hours * HOUR + minutes * MINUTE + sum(seconds) * SECOND


@dataclass(frozen=True, slots=True)
class Record:
    """A record as Kafka's consumer gives it."""

    topic: str = CLICKS
    partition: int = 0
    offset: int = 0
    timestamp: int = DAY
    key: bytes | None = None
    value: bytes | None = None
    headers: Headers = ()


class DictRows:
    """A table's committed rows in a dictionary."""

    def __init__(self, rows: Mapping[bytes, bytes] | None = None) -> None:
        self.rows: dict[bytes, bytes] = dict(rows or {})

    def get_many(self, keys: Sequence[bytes]) -> Sequence[bytes | None]:
        """Values of the keys, in their order."""
        return [self.rows.get(key) for key in keys]

    def scan(
        self, lower: bytes, upper: bytes, limit: int | None = None
    ) -> list[tuple[bytes, bytes]]:
        """Rows with lower <= key < upper in key order, at most ``limit``."""
        return sorted(row for row in self.rows.items() if lower <= row[0] < upper)[:limit]

    def apply(self, changes: Changes) -> None:
        """Write the changes; None deletes."""
        self.rows |= {key: value for key, value in changes.items() if value is not None}
        for key in [key for key, value in changes.items() if value is None]:
            self.rows.pop(key, None)


@dataclass(frozen=True, slots=True)
class Committed:
    """What a crash leaves of a stage: its rows, its dump, and how much it had sent."""

    rows: Mapping[bytes, bytes]
    state: bytes | None
    sent: Mapping[str, int]


class Task:
    """A stage in one partition, as the engine runs it.

    Attributes:
        rows: The committed rows.
        state: The last committed dump.
        sent: All that was committed, by short topic name.
        ledger: What became of the records read.
        stage: The stage at hand; a crash makes a new one.
    """

    def __init__(self, create: Callable[[Rows], Stage]) -> None:
        self._create = create
        self.rows = DictRows()
        self.state: bytes | None = None
        self.sent: dict[str, list[Output]] = {}
        self.ledger = Ledger()
        self.crash()

    def crash(self) -> None:
        """Throw the stage away and restore a new one from what was committed."""
        self.stage = self._create(self.rows)
        self.stage.restore(self.state)

    def run(
        self,
        records: Sequence[InputRecord] = (),
        now_ms: int = 0,
        *,
        at_end: bool = False,
        crash: str = "",
    ) -> dict[str, list[Output]]:
        """Step until there is no more to do; return what that sent.

        Args:
            records: In offset order of each topic.
            now_ms: The monotonic clock.
            at_end: The input was read to its end.
            crash: ``before`` the first commit (the records come again), or ``after`` each.
        """
        had = self.committed()
        if crash == "before":
            self.stage.step(records, now_ms, at_end=at_end)
            self.crash()
        step = self._commit(len(records), self.stage.step(records, now_ms, at_end=at_end), crash)
        for _ in range(MOST_STEPS):
            if not step.more:
                break
            step = self._commit(0, self.stage.step((), now_ms, at_end=False), crash)
        assert not step.more, "what a stage does without input comes to an end"
        new = {topic: sent[had.sent.get(topic, 0) :] for topic, sent in self.sent.items()}
        return {topic: outputs for topic, outputs in new.items() if outputs}

    def _commit(self, read: int, step: Step, crash: str) -> Step:
        self.ledger.book(read, step)
        self.rows.apply(step.changes)
        self.state = self.stage.dump()
        for topic, outputs in step.outputs.items():
            self.sent.setdefault(topic, []).extend(outputs)
        if crash == "after":
            self.crash()
        return step

    def committed(self) -> Committed:
        """What is committed now."""
        sent = {topic: len(outputs) for topic, outputs in self.sent.items()}
        return Committed(dict(self.rows.rows), self.state, sent)

    def kind(self, kind: bytes) -> dict[bytes, bytes]:
        """The committed rows of a kind."""
        return {key: value for key, value in self.rows.rows.items() if key[:1] == kind}

    def rewind(self, to: Committed) -> None:
        """Go back to what was committed once; what was sent since is unsaid."""
        self.rows.rows = dict(to.rows)
        self.state = to.state
        self.sent = {topic: self.sent[topic][:count] for topic, count in to.sent.items()}
        self.crash()


def said(sent: Mapping[str, Sequence[Output]], topic: str) -> list[Any]:
    """The decoded values that were sent to a topic."""
    return [json.loads(output.value or b"null") for output in sent.get(topic, ())]


def inner(
    user: str,
    event_ms: int,
    source: str = "clicks-0-0",
    *,
    stream_ms: int | None = None,
    appended_ms: int = DAY,
    **fields: object,
) -> Record:
    """A record of an inner topic: a purchase if its source is one, else a click.

    Args:
        user: userId, and the key.
        event_ms: Its timestamp.
        source: Place of the input record.
        stream_ms: S(q) at it; by default its timestamp.
        appended_ms: When the broker appended it to the inner log.
        fields: More of its value.
    """
    value = {
        "userId": user,
        "timestamp": iso(event_ms),
        "sourceRecord": source,
        "streamTime": iso(event_ms if stream_ms is None else stream_ms),
        **fields,
    }
    topic = BY_USER if source.startswith(PURCHASES) else ENRICHED
    return Record(topic, 0, 0, appended_ms, user.encode(), json.dumps(value).encode())


def watermark(q: str, stream_ms: int, appended_ms: int = DAY) -> Record:
    """A watermark record of an input partition, ``clicks-0`` say."""
    return Record(ENRICHED, timestamp=appended_ms, headers=watermark_headers(q, stream_ms))


def idle(q: str, idle_ms: int, stream_ms: int = NEVER_MS, appended_ms: int = DAY) -> Record:
    """An idle record of an input partition."""
    return Record(ENRICHED, timestamp=appended_ms, headers=idle_headers(q, stream_ms, idle_ms))
