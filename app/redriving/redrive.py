"""A redrive: plan it, and carry it out in transactions that hold the marks."""

import asyncio
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from app.audit.logs import Logs
from app.inputs.cluster import REQUEST_TIMEOUT_MS, partition_counts
from app.redriving.candidates import Candidate, How, Judge
from app.redriving.choice import Choice
from app.redriving.letters import Inputs, put_back
from app.redriving.marks import make_marks, mark_of, marks_topic, read_marks
from app.redriving.plan import Plan, Planner, batches
from app.redriving.sources import read_all, read_places, starts_of, times_of
from app.registry.known import known_schemas
from app.settings import Settings
from app.stages import join_rules, window_rules
from app.topics import INPUTS, topic_name
from models.dead_letters import DEAD_LETTERS
from models.errors import RecordRejected
from models.stage import InputRecord
from models.wire import missing

#: Records of a transaction.
_BATCH = 500
#: Bytes of a record that are sent: an input may take more than our own topics.
_REQUEST_BYTES = 64 * 1024 * 1024
#: Milliseconds after which the broker ends what a killed redrive left open.
_TRANSACTION_MS = 20_000
#: Seconds that ending may take.
_FAREWELL_S = 5.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a redrive did.

    Attributes:
        plan: What it found.
        sent: Records sent, by input topic.
        gone: Records that could not be read any more.
    """

    plan: Plan
    sent: Counter[str] = field(default_factory=Counter)
    gone: int = 0

    def as_json(self, *, anyway: bool) -> dict[str, Any]:
        """For machines."""
        planned = self.plan.as_json(anyway=anyway)
        return planned | {"sent": self.sent.total(), "gone": self.gone}


class Redrive:
    """One redrive."""

    def __init__(self, settings: Settings, logs: Logs, what: str, choice: Choice) -> None:
        """Name what is to be put back.

        Args:
            settings: The application's.
            logs: The cluster's.
            what: Short name of the topic: dead-letters or late-events.
            choice: Which of them.
        """
        self._settings = settings
        self._logs = logs
        self._what = what
        self._choice = choice
        self._run = uuid.uuid4().hex[:12]
        self._schemas = known_schemas(settings)
        self._kinds = {topic_name(settings, kind): kind for kind in INPUTS}

    async def plan(self) -> Plan:
        """Look at all letters or events; sends nothing.

        Raises:
            TopicError: A topic is missing.
            RegistryError: The schema registry does not tell.
        """
        settings, logs = self._settings, self._logs
        source = topic_name(settings, self._what)
        counts = await partition_counts(logs.admin, [source, *self._kinds])
        inputs = {topic: counts[topic] for topic in self._kinds}
        marks = await read_marks(settings, logs)
        await self._learn(source, counts[source])
        planner = Planner(self._inputs(), self._choice, marks, await starts_of(logs, inputs))
        take = planner.letters if self._what == DEAD_LETTERS else planner.events
        await read_all(logs, source, counts[source], take)
        times = await times_of(settings, logs, inputs)
        return planner.plan(Judge(window_rules(settings), join_rules(settings), times))

    async def _learn(self, source: str, count: int) -> None:
        """Ask the schema registry, if there is one, for the schemas that letters name."""
        if self._schemas is None:
            return
        ids: set[int] = set()
        await read_all(self._logs, source, count, lambda records: ids.update(missing(records, {})))
        if ids:
            await self._schemas.ask(ids)

    async def carry_out(self, *, anyway: bool, proceed: Callable[[int, int], bool]) -> Outcome:
        """Plan, and send.

        Args:
            anyway: Send what would be late or a dead letter again, too.
            proceed: Told how many are done, and of how many; whether to go on.

        Raises:
            aiokafka.errors.KafkaError: Kafka failed; what was committed stays.
        """
        await make_marks(self._settings, self._logs.admin)
        async with _producer(self._settings) as producer:  # ends what a killed run left open
            plan = await self.plan()
            chosen = plan.chosen(anyway=anyway)
            sent: Counter[str] = Counter()
            done = 0
            for batch in batches(chosen, _BATCH):
                if not proceed(done, len(chosen)):
                    break
                sent += await self._send(producer, batch)
                done += len(batch)
        return Outcome(plan, sent, done - sent.total())

    async def _send(self, producer: Any, batch: Sequence[Candidate]) -> Counter[str]:
        held = await read_places(self._logs, (c.held for c in batch))
        there = [(c, held[c.held]) for c in batch if self._fits(c, held.get(c.held))]
        if not there:
            return Counter()
        async with producer.transaction():  # aborted by any error
            sends = [await self._put(producer, c, record) for c, record in there]
            await asyncio.gather(*(future for pair in sends for future in pair))
        return Counter(c.source.topic for c, _ in there)

    async def _put(self, producer: Any, candidate: Candidate, held: InputRecord) -> tuple[Any, Any]:
        at = candidate.source.topic, candidate.partition
        key, value, headers = put_back(candidate, held, self._run)
        sent = await producer.send(at[0], value, key, partition=at[1], headers=headers)
        name, mark = mark_of(candidate, self._run, at)
        return sent, await producer.send(marks_topic(self._settings), mark, name, partition=0)

    def _fits(self, candidate: Candidate, held: InputRecord | None) -> bool:
        """Whether the record is there, and the one it was: a topic can be made anew."""
        if held is None:
            return False
        if candidate.how is not How.ANEW or candidate.event_ms is None:
            return True
        try:
            item = self._inputs().read(candidate.kind, held.value)
        except RecordRejected:
            return False
        return (item.user_id, item.timestamp_ms) == (candidate.user, candidate.event_ms)

    def _inputs(self) -> Inputs:
        now_ms = time.time_ns() // 1_000_000
        formats = None if self._schemas is None else self._schemas.formats
        return Inputs(self._kinds, self._settings.future_skew_ms, now_ms, formats)


@asynccontextmanager
async def _producer(settings: Settings) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(
        transactional_id=f"{settings.app_id}-redrive",
        transaction_timeout_ms=_TRANSACTION_MS,
        request_timeout_ms=REQUEST_TIMEOUT_MS,
        max_request_size=_REQUEST_BYTES,
        compression_type="gzip",  # what came in a well compressed batch may not go in otherwise
        **settings.connection,
    )
    try:
        await producer.start()
        yield producer
    finally:
        with suppress(KafkaError, TimeoutError):
            await asyncio.wait_for(producer.stop(), _FAREWELL_S)
