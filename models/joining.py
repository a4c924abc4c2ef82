"""The joining stage in one partition: clicks and purchases of the same users.

What comes of a purchase is emitted and, in the same step, kept as a row (:mod:`models.outcomes`).
"""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from itertools import repeat
from operator import sub
from typing import NamedTuple, TypeAlias

import msgspec

from models import inner, join, outcomes
from models.dead_letters import DEAD_LETTERS, bad_inner_record
from models.inner import Columns, Inner, Reader
from models.join import ClickKeys, JoiningState, JoinRules, Source
from models.outcomes import Outcome, Purchase
from models.stage import MAX_ROWS, InputRecord, Output, Rows, Step, chunks, overlaid
from models.timestamps import ms_of
from models.watermark import StreamTime

#: A record, its fields, its event time (ms), and the grace that it lacked (ms).
_Judged: TypeAlias = tuple[InputRecord, Inner, int, int]
#: Purchases with their event times and keys, as a heap.
_ByTime: TypeAlias = list[tuple[int, bytes, Purchase]]
#: Clicks and purchases.
_INPUTS = 2
_READER = Reader(Inner)


class _Click(NamedTuple):
    """A click: when (ms), from where, and whether it was late."""

    event_ms: int
    source: str
    late: bool


class Joining:
    """The joining stage in one partition.

    Pending purchases are also held in memory, so that nearly all clicks need no look-up; clicks
    are only in the table.
    """

    def __init__(
        self, rules: JoinRules, time: StreamTime, rows: Rows, purchases_topic: str
    ) -> None:
        """Begin with nothing.

        Args:
            rules: The rules of the join.
            time: Stream time over the partitions of both inputs.
            rows: The committed rows of the table.
            purchases_topic: Full name of the inner topic of purchases; all else are clicks.
        """
        self.rules = rules
        self.time = time
        self._rows = rows
        self._purchases_topic = purchases_topic
        self._pending: dict[tuple[bytes, str], dict[bytes, Purchase]] = {}
        self._held: set[bytes] = set()
        self._by_time: _ByTime = []
        self._resolved: _ByTime = []
        self._fresh: dict[bytes, dict[bytes, bytes]] = {}
        self._keys = ClickKeys(rules)
        self._deleted_to = {join.CLICK: join.bucket_key(0), outcomes.OUTCOME: outcomes.hour_key(0)}

    @property
    def stream_time_ms(self) -> int:
        """The stage's stream time (epoch ms)."""
        return self.time.value

    def restore(self, state: bytes | None) -> None:
        """Go on from :meth:`dump` and the pending purchases in the table."""
        if state is not None:
            self.rules.check(state)
            self.time.load(msgspec.json.decode(state, type=JoiningState).time)
        for key, row in self._rows.scan(join.PURCHASE, join.PURCHASE + b"\xff" * 8):
            self._hold(Purchase.of_row(key, row))

    def dump(self) -> bytes:
        """Stream time of both inputs, and the rules that the rows were made by."""
        rules = self.rules
        kept = JoiningState(self.time.dump(), rules.within_ms, rules.attribution, rules.revise_ms)
        return msgspec.json.encode(kept)

    def urgent(self, records: Sequence[InputRecord]) -> bool:
        """Whether a purchase is among them: its clicks have come before it, as a rule."""
        return any(r.topic == self._purchases_topic and r.value is not None for r in records)

    def step(self, records: Sequence[InputRecord], now_ms: int, *, at_end: bool) -> Step:
        """Match the records, then resolve purchases and expire clicks that W has passed."""
        step = Step()
        self._fresh = {}
        for chunk in chunks(self._by_append_time(records)):
            self._take_all(chunk, step)
        step.more = self._resolve(step) or self._expire(step)
        return step

    @staticmethod
    def _by_append_time(records: Sequence[InputRecord]) -> Sequence[InputRecord]:
        """Records of both inputs as the broker took them; each input's stay in their order.

        What comes back from idleness is judged by how far the other input has come.
        """
        if len({record.topic for record in records}) < _INPUTS:
            return records
        return sorted(records, key=lambda record: record.timestamp)

    def _take_all(self, records: Sequence[InputRecord], step: Step) -> None:
        skipped = 0
        for record, fields, event_ms, lacked_ms in self._judged(records, step):
            if fields.product_id is None:
                skipped += 1
                continue
            try:
                self._take(record, fields, event_ms, lacked_ms, step)
            except ValueError as error:
                step.send(DEAD_LETTERS, bad_inner_record(record, error))
        if skipped:
            step.count("skipped", skipped)

    def _judged(self, records: Sequence[InputRecord], step: Step) -> Iterable[_Judged]:
        """Clicks and purchases, in their order; all else goes into the step.

        If all are on time and no input partition is, or was, idle, then S does not matter to any of
        them, and is told of all at once.
        """
        valued = [record for record in records if record.value is not None]
        read = _READER.columns(valued)
        if self.time.awake and read is not None:
            behind = max(map(sub, read.streams, read.events), default=timedelta(0))
            on_time = behind <= timedelta(milliseconds=self.rules.grace_ms)
            if on_time and inner.hear_all(records, read, self.time, step):
                return zip(valued, read.fields, map(ms_of, read.events), repeat(0))
        return self._judged_each(records, read, step)

    def _judged_each(
        self, records: Sequence[InputRecord], columns: Columns[Inner] | None, step: Step
    ) -> Iterator[_Judged]:
        hear, lacked = self.time.hear, self.rules.lacked
        for record, read in zip(records, _READER.read(records, columns, step), strict=True):
            if read is not None:
                fields, event_ms, stream_ms, q = read
                stage_ms = hear(q, stream_ms, record.timestamp)
                yield record, fields, event_ms, lacked(event_ms, stream_ms, stage_ms)
            elif record.value is None:
                inner.hear(record, self.time, step)

    def _take(
        self, record: InputRecord, fields: Inner, event_ms: int, lacked_ms: int, step: Step
    ) -> None:
        """Take a click or a purchase.

        Raises:
            ValueError: It is none of this application's; nothing was done.
        """
        user, product, source = record.key or b"", fields.product_id or "", fields.source_record
        if lacked_ms > self.rules.revise_ms:
            self._keys.of(event_ms, user, product, source)
            self._refuse(record, lacked_ms, step)
        elif record.topic == self._purchases_topic:
            self._purchase(record, fields, event_ms, lacked_ms, step)
        else:
            prefix, key = self._keys.of(event_ms, user, product, source)
            late = self._count("clicks", lacked_ms, step)
            step.changes[key] = click = join.click_row(source, late=late)
            self._fresh.setdefault(prefix, {})[key] = click
            if self._pending and self.rules.attribution == "all":
                self._match_click(user, product, _Click(event_ms, source, late), step)

    @staticmethod
    def _count(became: str, lacked_ms: int, step: Step) -> bool:
        """Say what became of a record that is taken; whether it is late."""
        if lacked_ms > 0:
            step.revised(lacked_ms)
            return True
        step.count(became)
        return False

    def _refuse(self, record: InputRecord, lacked_ms: int, step: Step) -> None:
        step.late(lacked_ms)
        if self.rules.emit_late:
            raw = msgspec.Raw(record.value or b"null")
            value = {"stage": "join", "lateBy": lacked_ms / 1000, "record": raw}
            step.send("late-events", Output(record.key, msgspec.json.encode(value)))

    def _match_click(self, user: bytes, product: str, click: _Click, step: Step) -> None:
        for purchase in self._pending.get((user, product), {}).values():
            if self.rules.matches(click.event_ms, purchase.event_ms):
                self._match(purchase, click, step)

    def _purchase(
        self, record: InputRecord, fields: Inner, event_ms: int, lacked_ms: int, step: Step
    ) -> None:
        user, product = record.key or b"", fields.product_id or ""
        join.check_product(product)
        key = join.purchase_key(event_ms, Source.of(fields.source_record))
        if key in self._held:
            raise ValueError("it is there already, and waits for its clicks")
        late = self._count("purchases", lacked_ms, step)
        purchase = Purchase(key, user, product, event_ms, record.value or b"", late=late)
        self._hold(purchase)
        step.changes[key] = purchase.row()
        if self.rules.attribution == "all":
            for click in self._clicks_of(purchase):
                self._match(purchase, click, step)

    def _hold(self, purchase: Purchase) -> None:
        held = self._pending.setdefault((purchase.user, purchase.product), {})
        held[purchase.key] = purchase
        self._held.add(purchase.key)
        due = self._resolved if purchase.resolved else self._by_time
        heapq.heappush(due, (purchase.event_ms, purchase.key, purchase))

    def _clicks_of(self, purchase: Purchase) -> Iterator[_Click]:
        """The clicks that match, by time, input partition, offset."""
        for bucket_ms in self.rules.buckets_for(purchase.event_ms):
            prefix = join.click_prefix(bucket_ms, purchase.user, purchase.product)
            clicks = dict(self._rows.scan(prefix, prefix + b"\xff" * 21))
            clicks |= self._fresh.get(prefix, {})
            for key, value in sorted(clicks.items()):
                click_ms = join.click_time(key)
                if self.rules.matches(click_ms, purchase.event_ms):
                    yield _Click(click_ms, *join.click_in(value))

    def _match(self, purchase: Purchase, click: _Click, step: Step) -> None:
        conversion = purchase.conversion(click.event_ms, click.source, late=click.late)
        self._emit("conversion-events", conversion, step)
        if not (purchase.matched or click.late):
            purchase.matched = True
            step.changes[purchase.key] = purchase.row()

    @staticmethod
    def _emit(topic: str, outcome: Outcome, step: Step) -> None:
        step.send(topic, outcome.output)
        step.changes[outcome.key] = outcome.output.value

    def _resolve(self, step: Step) -> bool:
        """Emit what is still to be said of purchases that W has passed; drop what is done with."""
        horizon_ms = self.rules.horizon(self.time.value)
        left = MAX_ROWS
        for by_time, before_ms, deal in (
            (self._by_time, horizon_ms, self._resolve_one),
            (self._resolved, horizon_ms - self.rules.revise_ms, self._drop),
        ):
            while by_time and by_time[0][0] < before_ms:
                if not left:
                    return True
                deal(heapq.heappop(by_time)[2], step)
                left -= 1
        return False

    def _resolve_one(self, purchase: Purchase, step: Step) -> None:
        if self.rules.attribution != "all":
            clicks = list(self._clicks_of(purchase))
            for click in clicks[-1:] if self.rules.attribution == "last" else clicks[:1]:
                self._match(purchase, click, step)
        if not purchase.matched:
            self._emit("unattributed-purchases", purchase.unattributed(), step)
        if not self.rules.revise_ms:
            self._drop(purchase, step)
            return
        purchase.resolved = True
        step.changes[purchase.key] = purchase.row()
        heapq.heappush(self._resolved, (purchase.event_ms, purchase.key, purchase))

    def _drop(self, purchase: Purchase, step: Step) -> None:
        step.changes[purchase.key] = None
        self._held.discard(purchase.key)
        held = self._pending[purchase.user, purchase.product]
        del held[purchase.key]
        if not held:
            del self._pending[purchase.user, purchase.product]

    def _expire(self, step: Step) -> bool:
        """Delete the clicks and then the outcomes that W has passed."""
        horizon_ms = self.rules.horizon(self.time.value)
        clicks_to = join.bucket_key(max(0, self.rules.expired_to(horizon_ms)))
        outcomes_to = outcomes.hour_key(max(0, self.rules.outcomes_expired_to(horizon_ms)))
        return self._delete(join.CLICK, clicks_to, step) or self._delete(
            outcomes.OUTCOME, outcomes_to, step
        )

    def _delete(self, kind: bytes, upper: bytes, step: Step) -> bool:
        lower = self._deleted_to[kind]
        if upper <= lower:
            return False
        found, more = overlaid(self._rows, step.changes, lower, upper, MAX_ROWS)
        step.changes.update((key, None) for key, _ in found)
        if not more:
            self._deleted_to[kind] = upper
        return more
