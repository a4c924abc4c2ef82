"""``explain record``: what became of one input record, stage by stage."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from app.explain.evidence import Dead, Passed
from app.explain.story import Row, Story
from app.topics import CLICKS
from models.stage import InputRecord
from models.timestamps import iso
from models.windows import WindowRules
from models.wire import schema_id


@dataclass(frozen=True, slots=True)
class Trace:
    """What the topics hold of an input record.

    Attributes:
        source: Its place.
        kind: Short name of its topic.
        raw: The record as received; None if the log has it no more, or not yet.
        read: Enrichment or admission has read it.
        inner: What it was passed on as: one, when all is right.
        dead: Its dead letters: one, if it was not passed on.
        late: Values of its late events.
        conversions: Ids and places of the conversions that name it.
        unattributed: Places of unattributed purchases that are it.
    """

    source: str
    kind: str
    raw: InputRecord | None
    read: bool
    inner: Sequence[Passed] = ()
    dead: Sequence[Dead] = ()
    late: Sequence[dict[str, object]] = field(default_factory=list)
    conversions: Sequence[tuple[str, str]] = ()
    unattributed: Sequence[str] = ()

    @property
    def fate(self) -> tuple[str, bool]:
        """What became of it at the intake, in a sentence; and whether that is as it must be."""
        if len(self.inner) + len(self.dead) > 1:
            places = [*(i.place for i in self.inner), *(d.place for d in self.dead)]
            return f"It became more than one thing: {', '.join(places)}. WRONG", False
        if self.inner:
            return f"It was passed on as {self.inner[0].place}.", True
        if self.dead:
            return f"It is a dead letter, {self.dead[0].place}: {self.dead[0].message}", True
        if self.raw is None:
            return "The log has no such record: not yet, or no more.", True
        if not self.read:
            return "It was not read yet.", True
        return "It was read, and became neither an inner record nor a dead letter. WRONG", False

    def late_by(self, stage: str) -> float | None:
        """Seconds of grace that it lacked for a stage; None if it has no late event there."""
        for value in self.late:
            if value.get("stage") == stage:
                return float(str(value.get("lateBy", 0)))
        return None


def explain_record(rules: WindowRules, trace: Trace) -> Story:
    """Tell what became of an input record."""
    fate, right = trace.fate
    sections: dict[str, Sequence[Row]] = {"As received": _received(trace)}
    for item in trace.inner:
        sections["Passed on"] = [_passed(item)]
        if trace.kind == CLICKS:
            sections["Counting"] = [_counting(rules, item, trace)]
        sections["Join"] = _join(trace)
    return Story(f"Record {trace.source}", fate, right, sections)


def _received(trace: Trace) -> list[Row]:
    if trace.raw is None:
        return []
    value = trace.raw.value
    found = schema_id(value)
    text = (value or b"no value").decode(errors="backslashreplace")
    schema = [] if found is None else [Row("schema", None, f"{found} of the schema registry")]
    return [*schema, Row("value", None, text[:400])]


def _passed(item: Passed) -> Row:
    text = f"user {item.user}, product {item.product or 'none'} → {item.place}"
    return Row(item.source, item.event_ms, text)


def _counting(rules: WindowRules, item: Passed, trace: Trace) -> Row:
    start_ms = rules.start_of(item.event_ms)
    window = f"[{iso(start_ms)}, {iso(start_ms + rules.size_ms)})"
    late = trace.late_by("count")
    lacked_ms = item.stream_ms - start_ms - rules.size_ms - rules.grace_ms
    if late is None and (not rules.emit_late or rules.revise_ms):
        late = lacked_ms / 1000 if lacked_ms >= 0 else None
    if item.bot and not rules.count_bots:
        return Row("skipped", None, "a bot's click is not counted")
    if late is not None:
        word = "revised" if 0 <= lacked_ms < rules.revise_ms else "late"
        return Row(word, None, f"by {late} s for {window}: S(q) was {iso(item.stream_ms)}")
    more = f"explain count {item.user} {iso(start_ms)}"
    return Row("counted", None, f"in {window}; see: {more}")


def _join(trace: Trace) -> list[Row]:
    late = trace.late_by("join")
    if late is not None:
        return [Row("late", None, f"by {late} s")]
    rows = [Row("conversion", None, f"{name} → {place}") for name, place in trace.conversions]
    rows += [Row("unattributed", None, place) for place in trace.unattributed]
    if not rows:
        without = trace.inner[0].product is None
        rows.append(Row("nothing", None, "it has no product" if without else "no match so far"))
    return rows
