"""What a worker's stages have done lately: rates, and the latest examples."""

import time
from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Iterable, Sequence

import msgspec

from agents.spec import Seconds
from agents.stage import StageTask
from app.status.rates import Rate
from app.status.shape import EXAMPLES, Conversion, DeadLetter, Histogram, Late, Rebalance
from models.dead_letters import DEAD_LETTERS
from models.stage import InputRecord, Output, Step
from models.timestamps import iso

#: Parts of the time in which a click can be matched, as bounds of the histogram.
_PARTS = (1 / 60, 1 / 12, 1 / 6, 1 / 4, 1 / 3, 1 / 2, 3 / 4, 1)
#: Rates of what was read, by stage; of what became of it; and of what was sent, by topic.
READ = {"enrichment": "clicks", "admission": "purchases"}
BECAME = {"counted": "counted", "late": "late"}
SENT = {
    DEAD_LETTERS: "deadLetters",
    "conversion-events": "conversions",
    "unattributed-purchases": "unattributed",
    "click-counts": "windowsClosed",
}
NAMES = (*READ.values(), *BECAME.values(), *SENT.values())


class _LateValue(msgspec.Struct, rename="camel"):
    stage: str
    late_by: float
    record: "_LateRecord"


class _LateRecord(msgspec.Struct, rename="camel"):
    user_id: str
    timestamp: str
    source_record: str


class _Took(msgspec.Struct, rename="camel"):
    time_to_purchase: float


class _Conversion(_Took, rename="camel"):
    id: str
    user_id: str
    product_id: str
    click_timestamp: str
    purchase_timestamp: str


_late = msgspec.json.Decoder(_LateValue).decode
_took = msgspec.json.Decoder(_Took).decode
_conversion = msgspec.json.Decoder(_Conversion).decode


class Pulse:
    """An observer of the stages.

    Attributes:
        records: Records read, by task.
        commits: Commits and the seconds they took, by task.
        happened: What happened, by the names of ``/status``.
        late: The latest late records; as the other examples, the latest last.
        took: Time to purchase since the worker started.
        rebalances: How often partitions were taken over.
        last_rebalance: The last time.
    """

    def __init__(self, within_ms: int) -> None:
        """Begin with nothing.

        Args:
            within_ms: A purchase is at most this much later than its click.
        """
        self.records: dict[str, Rate] = defaultdict(Rate)
        self.commits: dict[str, tuple[Rate, Rate]] = defaultdict(lambda: (Rate(), Rate()))
        self.happened: dict[str, Rate] = {name: Rate() for name in NAMES}
        self.late: deque[Late] = deque(maxlen=EXAMPLES)
        self.dead_letters: deque[DeadLetter] = deque(maxlen=EXAMPLES)
        self.conversions: deque[Conversion] = deque(maxlen=EXAMPLES)
        bounds = [round(within_ms / 1000 * part, 3) for part in _PARTS]
        self.took = Histogram(bounds, [0] * (len(bounds) + 1))
        self.rebalances = 0
        self.last_rebalance: Rebalance | None = None

    def committed(
        self, task: StageTask, records: Sequence[InputRecord], step: Step, seconds: Seconds
    ) -> None:
        """Take note of a step."""
        now = time.monotonic()
        name = repr(task)
        self.records[name].add(now, len(records))
        count, took = self.commits[name]
        count.add(now, 1)
        took.add(now, seconds.commit)
        for what, amount in _amounts(task.spec.name, len(records), step):
            self.happened[what].add(now, amount)
        self._keep(step, iso(time.time_ns() // 1_000_000))

    def _keep(self, step: Step, at: str) -> None:
        for output in step.outputs.get("late-events", ())[-EXAMPLES:]:
            self.late.append(_late_of(output, at))
        for output in step.outputs.get(DEAD_LETTERS, ())[-EXAMPLES:]:
            self.dead_letters.append(_dead_letter_of(output, at))
        conversions = step.outputs.get("conversion-events", ())
        for output in conversions:
            seconds = _took(output.value or b"").time_to_purchase
            self.took.counts[bisect_left(self.took.bounds_seconds, seconds)] += 1
        for output in conversions[-EXAMPLES:]:
            fields = msgspec.structs.asdict(_conversion(output.value or b""))
            self.conversions.append(Conversion(at=at, **fields))

    def rebalanced(self, kept: int, taken: int, restored: int, seconds: float) -> None:
        """Take note of a rebalance."""
        self.rebalances += 1
        at = iso(time.time_ns() // 1_000_000)
        self.last_rebalance = Rebalance(at, round(seconds, 3), restored)

    def failed(self, task: StageTask, error: BaseException) -> None:
        """Nothing: the task itself says so."""


def _amounts(stage: str, read: int, step: Step) -> Iterable[tuple[str, int]]:
    if stage in READ:
        yield READ[stage], read
    for name, what in BECAME.items():
        yield what, step.became.get(name, 0)
    for topic, what in SENT.items():
        yield what, len(step.outputs.get(topic, ()))


def _late_of(output: Output, at: str) -> Late:
    value = _late(output.value or b"")
    of = value.record
    return Late(at, value.stage, value.late_by, of.user_id, of.timestamp, of.source_record)


def _dead_letter_of(output: Output, at: str) -> DeadLetter:
    headers = {name: (content or b"").decode(errors="replace") for name, content in output.headers}
    return DeadLetter(at, headers["code"], headers["message"], headers["source"])
