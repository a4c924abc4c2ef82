"""Damage done to logs on the way from Kafka to an audit, one record at a time."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from aiokafka import TopicPartition

from app.audit.logs import Ends, Logs, Take

Change = Callable[[Any], Sequence[Any]]
Fits = Callable[[Any], bool]

STATE_KEY = b"\0state"


def has_value(record: Any) -> bool:
    """A record that is no signal and no deleted row."""
    return record.value is not None


def is_state(record: Any) -> bool:
    """A stage's state."""
    return bool(record.key == STATE_KEY)


def is_row(record: Any) -> bool:
    """A row of a table."""
    return has_value(record) and not is_state(record)


def is_kind(kind: bytes) -> Fits:
    """A row of a kind."""
    return lambda record: is_row(record) and record.key[:1] == kind


@dataclass(frozen=True, slots=True)
class Damage:
    """One thing that is wrong with what an application has written.

    Attributes:
        name: What it is.
        topic: Short name of the topic, or of the table.
        change: What becomes of a record: none, one or more.
        line: The line of the result that must tell of it.
        told: What its example must say.
        fits: Which record: the first one.
        every: All such records of the partition of the first.
        table: The topic is the table's changelog.
    """

    name: str
    topic: str
    change: Change
    line: str
    told: str = ""
    fits: Fits = has_value
    every: bool = False
    table: bool = False


class Tampered:
    """Logs that have been damaged."""

    def __init__(self, logs: Logs, topic: str, damage: Damage) -> None:
        """Damage a topic (full name)."""
        self.done: TopicPartition | None = None
        self._logs = logs
        self._topic = topic
        self._damage = damage

    def __getattr__(self, name: str) -> Any:
        return getattr(self._logs, name)

    async def read(self, starts: Ends, ends: Ends, take: Take) -> None:
        """Read, and do the damage on the way."""

        def tampered(tp: TopicPartition, records: Sequence[Any]) -> None:
            take(tp, self._tamper(tp, records) if tp.topic == self._topic else records)

        await self._logs.read(starts, ends, tampered)

    def _tamper(self, tp: TopicPartition, records: Sequence[Any]) -> list[Any]:
        found: list[Any] = []
        for record in records:
            if self._due(tp) and self._damage.fits(record):
                self.done = tp
                found += self._damage.change(record)
            else:
                found.append(record)
        return found

    def _due(self, tp: TopicPartition) -> bool:
        return self.done is None or (self._damage.every and self.done == tp)


def lost(_: Any) -> Sequence[Any]:
    """It is not there."""
    return ()


def doubled(record: Any) -> Sequence[Any]:
    """It is there twice."""
    return record, record


def rewritten(change: Callable[[dict[str, Any]], object]) -> Change:
    """Its JSON is another."""

    def apply(record: Any) -> Sequence[Any]:
        value = json.loads(record.value)
        change(value)
        return (msgspec.structs.replace(record, value=json.dumps(value).encode()),)

    return apply


def valued(value: bytes | None) -> Change:
    """Its value is another."""
    return lambda record: (msgspec.structs.replace(record, value=value),)


def beside(change: Change) -> Change:
    """It is there, and another one like it."""
    return lambda record: (record, *change(record))


def more(name: str) -> Change:
    """A number in it is one higher."""
    return rewritten(lambda value: value.update({name: value[name] + 1}))
