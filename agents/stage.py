"""The exactly-once loop: one stage in one partition.

Each turn takes the records that wait, lets the pure stage decide, and makes what follows one
transaction: outputs, the changelog records of changed rows, and the position. Only then are the
rows written locally. On any error nothing is written, the producer is given up, and the task is
over: the engine asks for a rebalance, which makes a new one from what was committed.
"""

import asyncio
import logging
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress

import msgspec

from agents.batch import Batch
from agents.inbox import Inbox
from agents.preparation import Preparation
from agents.routing import changelog_records, kept, routed
from agents.spec import Context, Envelope, NoRows, Note, Seconds, StageSpec
from models.ledger import Ledger
from models.stage import InputRecord, Stage, Step
from tables.store import STATE_KEY, PartitionStore
from tables.transaction import Offsets, TransactionalWriter

logger = logging.getLogger(__name__)

#: Records a turn takes at most: about 100 ms of work, so that the event loop stays responsive.
MAX_RECORDS = 10_000
#: With as many records waiting, or so many for each ms of the commit interval, the input is behind:
#: commit at once instead of pacing.
BEHIND_RECORDS, _BEHIND_PER_MS = 1_000, 10
#: Transactions that no reader of an output waits for are at least this far apart (ms).
UNHURRIED_MS = 100
#: With as many records waiting, nothing more is fetched for the partition.
FULL_RECORDS = 40_000
#: Two turns further apart than this, and than two ticks, say that the worker hung (ms).
_AWAY_MS = 1_000
#: Seconds between the group offsets that a stage with a table commits: they only show its lag.
_LAG_SECONDS = 1.0


def behind_records(interval_ms: int) -> int:
    """With as many records waiting, a task commits before its interval (ms) is over."""
    return min(max(BEHIND_RECORDS, _BEHIND_PER_MS * interval_ms), MAX_RECORDS)


class StageTask:
    """One stage in one partition, from fencing to revocation.

    Attributes:
        spec: The stage's wiring.
        partition: Its partition.
        store: Its table's rows; None for a stage without a table.
        ledger: What became of the records read; may be ahead of what is committed.
        stage: The pure stage, once loaded.
        failed: It hit an error and is over.
        preparation: What a step waits for before it is decided.
    """

    def __init__(
        self,
        spec: StageSpec,
        partition: int,
        writer: TransactionalWriter,
        context: Context,
    ) -> None:
        """Make a task; it must be fenced, loaded and started, in this order."""
        self.spec = spec
        self.partition = partition
        self.store: PartitionStore | None = None
        self.ledger = Ledger()
        self.stage: Stage
        self.failed = False
        self.preparation = Preparation()
        self._writer = writer
        self._context = context
        self._behind_records = behind_records(context.commit_interval_ms)
        self._inbox = Inbox({})
        self._positions: dict[str, int] = {}
        self._passed: dict[str, int] = {}
        self._lineage = uuid.uuid4().hex
        self._committed_at = 0.0
        self._lag_told_at = 0.0
        self._stopping = False
        self._urgent = False
        self._news = asyncio.Event()
        self._turned_ms = 0
        self._loop: asyncio.Task[None] | None = None
        self._giving_up: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"{self.spec.name}-{self.partition}"

    async def fence(self) -> None:
        """Fence a former owner: before anything that it may have committed is read."""
        await self._writer.start()

    def load(
        self, store: PartitionStore | None, starts: Mapping[str, tuple[int, bytes | None]]
    ) -> None:
        """Go on from what was committed.

        Args:
            store: The restored store of the stage's table, if it has one.
            starts: By input topic: where to begin without a position, and the state with it.
        """
        self.store = store
        positions = {topic: start for topic, (start, _) in starts.items()}
        state = starts[self.spec.offsets_of][1]
        if state is not None:
            note = msgspec.json.decode(state, type=Note)
            state, self.ledger = bytes(note.stage), note.ledger
        if store is not None and (kept := store.state()) is not None:
            envelope = msgspec.json.decode(kept, type=Envelope)
            positions |= {t: p for t, p in envelope.positions.items() if t in positions}
            state, self._lineage = bytes(envelope.stage), envelope.lineage
            self.ledger = envelope.ledger
        self.stage = self.spec.create(self.partition, store or NoRows())
        self.stage.restore(state)
        self._positions, self._inbox = positions, Inbox(positions)
        self._passed = dict(positions)

    def start(self) -> None:
        """Begin to work."""
        self._loop = asyncio.get_running_loop().create_task(self._run(), name=repr(self))

    def expected(self, topic: str) -> int:
        """The offset of an input from which on records are still to be delivered."""
        return self._inbox.expected(topic)

    @property
    def positions(self) -> Mapping[str, int]:
        """The next offset of each input topic: nothing before it is left to do."""
        return self._passed

    def advance(self, topic: str, offset: int) -> None:
        """Go on at a later offset: the log does not reach back to the expected one any more."""
        self.ledger.lost += offset - self._inbox.expected(topic)
        self._inbox.advance(topic, offset)

    @property
    def full(self) -> bool:
        """Whether enough is waiting."""
        return self.failed or self._inbox.waiting >= FULL_RECORDS

    def deliver(self, batch: Batch) -> int | None:
        """Take a batch; returns the offset to seek back to, if it leaves a gap."""
        if self.failed or self._stopping:
            return None
        if not self._behind and not self._urgent:
            self._urgent = self.stage.urgent(batch.records)
        back_to = self._inbox.put(batch)
        self._news.set()
        return back_to

    async def stop(self, seconds: float) -> None:
        """End after the turn at hand, or cancel it when it takes longer."""
        self._stopping = True
        self._inbox.arrived.set()
        self._news.set()
        self.preparation.give_up()
        if self._loop is not None:
            _, late = await asyncio.wait([self._loop], timeout=seconds)
            if late:
                logger.warning("%r did not end in %.0f s and is cancelled", self, seconds)
                self._loop.cancel()
        if not self.failed:
            await self._writer.close()

    async def _run(self) -> None:
        try:
            await self._turn()  # what a crash left to do needs no input
            while not self._stopping:
                await self._wait()
                if not self._stopping:
                    await self._turn()
        except Exception as error:  # noqa: BLE001 whatever it is, nothing of the turn may stay
            self.failed = True
            self._giving_up = self._writer.discard()
            self._context.on_failure(self, error)

    async def _wait(self) -> None:
        """Wait for records, a tick or the end; then for the time of the next commit."""
        tick_ms = self.spec.tick_ms
        try:
            async with asyncio.timeout(None if tick_ms is None else tick_ms / 1000):
                await self._inbox.arrived.wait()
        except TimeoutError:
            return
        while not self._stopping and not self._behind:
            left = self._committed_at + self._pace() - _now()
            if left <= 0:
                break
            self._news.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._news.wait()

    @property
    def _behind(self) -> bool:
        return self._inbox.waiting >= self._behind_records

    def _pace(self) -> float:
        """Seconds from the last transaction to the next: more, where nobody waits for it."""
        interval_ms = self._context.commit_interval_ms
        return (interval_ms if self._urgent else max(interval_ms, UNHURRIED_MS)) / 1000

    async def _turn(self) -> None:
        records, ends = self._inbox.take(MAX_RECORDS)
        awaited = self.spec.prepare(records) if self.spec.prepare is not None else None
        if awaited is not None and not await self.preparation.done(awaited):
            return
        self._urgent = bool(self._inbox)
        now_ms = int(_now() * 1000)
        at_end = self._looked_lately(now_ms) and self._at_end()
        self._positions |= ends
        began = _now()
        step = self.stage.step(records, now_ms, at_end=at_end)
        if records or step:
            await self._finish(records, step, began)
        while step.more and not self._stopping:
            began = _now()
            step = self.stage.step((), now_ms, at_end=False)
            await self._finish((), step, began)
        self._passed = dict(self._positions)

    async def _finish(self, records: Sequence[InputRecord], step: Step, began: float) -> None:
        self.ledger.book(len(records), step)
        decided = _now()
        await self._commit(step)
        self._passed = dict(self._positions)
        seconds = Seconds(decided - began, _now() - decided)
        for observer in self._context.observers:
            observer.committed(self, records, step, seconds)

    def _looked_lately(self, now_ms: int) -> bool:
        """Whether the task did not hang: else what it knows of the log's end is from before."""
        away_ms, self._turned_ms = now_ms - self._turned_ms, now_ms
        return away_ms < _AWAY_MS + 2 * (self.spec.tick_ms or 0)

    def _at_end(self) -> bool:
        if self._inbox or self.spec.tick_ms is None:
            return False
        logs = {topic: self._context.end_of(topic, self.partition) for topic in self.spec.inputs}
        expected = self._inbox.expected
        return all(end is not None and expected(topic) >= end for topic, end in logs.items())

    async def _commit(self, step: Step) -> None:
        route = routed if self.spec.table is None else kept
        sends = route(step, self.partition, self._context)
        changes = step.changes
        state = msgspec.Raw(self.stage.dump())
        changelog = None
        if self.spec.table is not None:
            changelog = (self._context.changelog(self.spec.table), self.partition)
            envelope = Envelope(self._lineage, self._positions, self.ledger, state)
            changes[STATE_KEY] = msgspec.json.encode(envelope)
            sends[changelog] = changelog_records(changes)
        last = await self._writer.commit(sends, self._offsets(state))
        if self.store is not None and changelog is not None:
            self.store.write(changes, last[changelog])
        self._committed_at = _now()

    def _offsets(self, state: msgspec.Raw) -> Offsets:
        topic = self.spec.offsets_of
        at = (topic, self.partition)
        if self.spec.table is None:
            note = msgspec.json.encode(Note(self.ledger, state))
            return {at: (self._positions[topic], note.decode())}
        now = _now()
        if now - self._lag_told_at < _LAG_SECONDS:
            return {}
        self._lag_told_at = now
        return {at: (self._positions[topic], "")}


def _now() -> float:
    """Seconds by the loop's clock: monotonic, and its own where a loop keeps another time."""
    return asyncio.get_running_loop().time()
