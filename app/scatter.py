"""Questions to all workers: each answers for its own partitions, and the asked one merges."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Generic, TypeVar

import msgspec

from app.answers import Unavailable
from app.reading import Progress, Reading, moving
from models.windows import WindowRules, row_key

if TYPE_CHECKING:
    from yarl import URL

    from app.bootstrap import App

#: The parameter that asks a worker for what it has itself, not for the whole cluster's.
SCOPE = "scope"


class Place(Progress, frozen=True):
    """How far a partition of the counting stage has come.

    Attributes:
        closed_to: Rows of windows below this key are final.
    """

    closed_to: bytes


class Part(msgspec.Struct, kw_only=True, rename="camel"):
    """What one worker answers; its kinds add what they are about.

    Attributes:
        partitions: The partitions that it is of.
    """

    partitions: dict[int, Place]


PartT = TypeVar("PartT", bound=Part)


@dataclass(frozen=True, slots=True)
class Question(Generic[PartT]):
    """What all workers are asked.

    Attributes:
        path: The view's path.
        query: The query.
        kind: What a part of the answer is.
        own: Gives this worker's part.
    """

    path: str
    query: Mapping[str, str]
    kind: type[PartT]
    own: Callable[[], Awaitable[PartT]]


async def gathered(app: "App", question: Question[PartT]) -> list[PartT]:
    """Ask all workers at once, this one without a request.

    Returns:
        Their parts: together they are of every partition, each in one of them.

    Raises:
        Unavailable: Partitions are missing, or in more than one part, as they may be in a
            rebalance.
    """
    others = [worker for worker in app.peers.workers() if worker != app.peers.me]
    asked = (_asked(app, worker, question) for worker in others)
    own, theirs = await asyncio.gather(question.own(), asyncio.gather(*asked))
    parts = [own, *(part for part in theirs if part is not None)]
    check_coverage(app.settings.partitions, parts)
    return parts


async def _asked(app: "App", worker: "URL", question: Question[PartT]) -> PartT | None:
    """A worker's part; None of one that gives none: its partitions will be missed."""
    query = {**question.query, SCOPE: "worker"}
    try:
        status, body = await app.peers.ask(worker, question.path, query)
        return msgspec.json.decode(body, type=question.kind) if status == HTTPStatus.OK else None
    except (Unavailable, msgspec.DecodeError):  # it is away, or of another version
        return None


def check_coverage(partitions: int, parts: Iterable[Part]) -> None:
    """Check that every partition is in exactly one part.

    Raises:
        Unavailable: Some are not.
    """
    answered = Counter(partition for part in parts for partition in part.partitions)
    wrong = [partition for partition in range(partitions) if answered[partition] != 1]
    if wrong:
        raise moving(wrong)


def places(parts: Iterable[Part]) -> list[Place]:
    """All partitions' places."""
    return [place for part in parts for place in part.partitions.values()]


def final(start_ms: int, at: Collection[Place]) -> bool:
    """Whether all partitions have closed the window."""
    return all(row_key(start_ms + 1, b"") <= place.closed_to for place in at)


def expired_to(rules: WindowRules, at: Collection[Place]) -> int:
    """Windows that start up to this (ms) are gone, or going, in some partition."""
    heard = [place.stream_time_ms for place in at if place.stream_time_ms is not None]
    return rules.last_closed(max(heard) - rules.retention_ms) if heard else -1


class Began:
    """Readings whose rows are about to be read: what is final by then stays so."""

    def __init__(self, readings: Mapping[int, Reading]) -> None:
        """Note what is closed."""
        self._readings = readings
        self._closed_to = {p: reading.closed_to for p, reading in readings.items()}

    def places(self) -> dict[int, Place]:
        """Where the partitions are, once the rows were read: what expired meanwhile is told."""
        return {
            partition: Place(
                (progress := reading.progress).stream_time_ms,
                progress.lag,
                self._closed_to[partition],
            )
            for partition, reading in self._readings.items()
        }
