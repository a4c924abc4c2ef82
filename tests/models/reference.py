"""An independent recount: what must come out, from the inputs as a whole.

Plain dictionaries over the complete logs, in any order that suits; nothing of the stages' code, so
that a fault of theirs is not repeated here. Values are compared as canonical JSON text.
"""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, TypeAlias

#: Before any event.
NEVER = -(10**18)
#: The user agent of the tests' bots.
BOT = "Googlebot/2.1 (+http://www.google.com/bot.html)"

_OURS = {"userId", "productId", "timestamp", "sourceRecord", "streamTime"}
_CLASSIFIED = ("device", "browser", "os")

Values: TypeAlias = dict[str, Counter[str]]
Fields: TypeAlias = dict[str, Any]
#: Clicks by name, of each of users, products and pages; and of late ones.
Window: TypeAlias = dict[str, Counter[str]]


class Logged(Protocol):
    """What is read of an input record."""

    @property
    def value(self) -> bytes | None:
        """JSON, or rubbish."""


Log: TypeAlias = Sequence[Logged]


@dataclass(frozen=True, slots=True)
class Rules:
    """The settings, in milliseconds."""

    size: int = 10
    grace: int = 3
    retention: int = 5
    within: int = 12
    join_grace: int = 3
    attribution: str = "all"
    emit_late: bool = True
    count_bots: bool = True
    rankings: tuple[str, ...] = ("products", "pages")
    revise: int = 0

    @property
    def kept(self) -> tuple[str, ...]:
        """What is ranked in a window."""
        return ("users", *self.rankings)


@dataclass(frozen=True, slots=True)
class _Event:
    """A valid record of an input."""

    fields: Fields
    time: int
    stream: int
    place: tuple[int, int]
    source: str

    @property
    def pair(self) -> tuple[str, str]:
        return str(self.fields["userId"]), str(self.fields["productId"])

    def names(self) -> dict[str, str]:
        """Whom and what a click counts for."""
        user, product, page = (self.fields.get(name) for name in ("userId", "productId", "page"))
        page = re.split("[?#]", page or "")[0]
        names = {"users": user, "products": product, "pages": page}
        return {by: str(name) for by, name in names.items() if name not in {None, ""}}

    def inner(self) -> Fields:
        """As enrichment or admission passes it on, but for device, browser and os."""
        fields = {name: value for name, value in self.fields.items() if value is not None}
        agent = fields.pop("userAgent", None)
        fields |= {"timestamp": text(self.time), "streamTime": text(self.stream)}
        fields |= {name: str(fields[name]) for name in ("userId", "productId") if name in fields}
        if self.source.startswith("clicks"):
            fields["bot"] = agent == BOT
        return fields | {"sourceRecord": self.source}


def text(ms: int) -> str:
    """ISO-8601 UTC with milliseconds and Z."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _ms(timestamp: int | str) -> int:
    if isinstance(timestamp, int):
        return timestamp
    return (datetime.fromisoformat(timestamp) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(
        milliseconds=1
    )


def canonical(value: Fields) -> str:
    """A value as text: fields sorted, without what a user agent is classified as."""
    record = value.get("record")
    if record is not None:
        value = value | {"record": {k: v for k, v in record.items() if k not in _CLASSIFIED}}
    return json.dumps(value, sort_keys=True)


def _events(topic: str, logs: Sequence[Log]) -> Iterator[_Event]:
    for partition, log in enumerate(logs):
        stream = NEVER
        for offset, record in enumerate(log):
            try:
                fields = json.loads(record.value or b"")
            except ValueError:
                continue
            time = _ms(fields["timestamp"])
            stream = max(stream, time)
            source = f"{topic}-{partition}-{offset}"
            yield _Event(fields, time, stream, (partition, offset), source)


def stream_time(inputs: Mapping[str, Sequence[Log]], idle: Mapping[str, int]) -> int:
    """S in the end: over the topics given, with these input partitions idle for so long."""
    highest: dict[str, int] = {}
    for topic, logs in inputs.items():
        highest |= {f"{topic}-{partition}": NEVER for partition in range(len(logs))}
        for event in _events(topic, logs):
            q = event.source.rpartition("-")[0]
            highest[q] = max(highest[q], event.time)
    awake = [time for q, time in highest.items() if q not in idle]
    if awake:
        return min(awake)
    top = max(highest.values())
    return top if top == NEVER else top + min(idle[q] for q in highest)


def recount(rules: Rules, inputs: Mapping[str, Sequence[Log]], idle: Mapping[str, int]) -> Values:
    """What must have come out when all was read, by output topic."""
    found: dict[str, list[Fields]] = defaultdict(list)
    _count(rules, inputs, idle, found)
    _join(rules, inputs, idle, found)
    return {topic: Counter(map(canonical, values)) for topic, values in found.items()}


def _late(stage: str, event: _Event, lacked: int, **more: str) -> Fields:
    return {"stage": stage, "lateBy": lacked / 1000, "record": event.inner(), **more}


def _count(
    rules: Rules,
    inputs: Mapping[str, Sequence[Log]],
    idle: Mapping[str, int],
    found: dict[str, list[Fields]],
) -> None:
    clicks: Counter[tuple[str, int]] = Counter()
    revised: Counter[tuple[str, int]] = Counter()
    for event, start, final_at in _clicks(rules, inputs):
        if event.stream < final_at:
            clicks[str(event.fields["userId"]), start] += 1
        elif event.stream - final_at < rules.revise:
            revised[str(event.fields["userId"]), start] += 1
        elif rules.emit_late:
            window = {"windowStart": text(start), "windowEnd": text(start + rules.size)}
            found["late-events"].append(_late("count", event, event.stream - final_at, **window))
    end = stream_time({"clicks": inputs["clicks"]}, idle)
    for user, start in clicks.keys() | revised:
        if start + rules.size + rules.grace > end:
            continue
        final = clicks[user, start]
        window = {"windowStart": text(start), "windowEnd": text(start + rules.size)}
        count = {"userId": user, "clickCount": final, **window}
        found["click-counts"] += [count] if final else []
        for k in range(1, revised[user, start] + 1):
            found["click-counts"].append(count | {"clickCount": final + k, "revision": k})


def _clicks(rules: Rules, inputs: Mapping[str, Sequence[Log]]) -> Iterator[tuple[_Event, int, int]]:
    """Clicks that count or are late, with the start of their window and when it is final."""
    for event in _events("clicks", inputs["clicks"]):
        if event.fields.get("userAgent") != BOT or rules.count_bots:
            start = event.time // rules.size * rules.size
            yield event, start, start + rules.size + rules.grace


def windows(
    rules: Rules, inputs: Mapping[str, Sequence[Log]], idle: Mapping[str, int]
) -> dict[int, Window]:
    """Who and what was clicked, and by whom too late, in the windows that must still be kept."""
    end = stream_time({"clicks": inputs["clicks"]}, idle)
    found: dict[int, Window] = defaultdict(lambda: defaultdict(Counter))
    for event, start, final_at in _clicks(rules, inputs):
        if final_at + rules.retention > max(end, event.stream):
            names = {by: name for by, name in event.names().items() if by in rules.kept}
            for by, name in names.items() if event.stream < final_at else [("late", "")]:
                found[start][by][name] += 1
    return {start: dict(window) for start, window in found.items()}


def _join(
    rules: Rules,
    inputs: Mapping[str, Sequence[Log]],
    idle: Mapping[str, int],
    found: dict[str, list[Fields]],
) -> None:
    taken: dict[str, list[_Event]] = {"clicks": [], "purchases": []}
    for topic, events in taken.items():
        for event in _events(topic, inputs[topic]):
            lacked = _lacked(rules, event)
            if event.fields.get("productId") is None:
                continue
            if lacked <= rules.revise:
                events.append(event)
            elif rules.emit_late:
                found["late-events"].append(_late("join", event, lacked))
    horizon = stream_time(inputs, idle) - rules.join_grace
    for bought in taken["purchases"]:
        resolved = horizon > bought.time
        clicks = [c for c in taken["clicks"] if c.pair == bought.pair]
        clicks = [c for c in clicks if 0 <= bought.time - c.time < rules.within]
        clicks.sort(key=lambda click: (click.time, click.place))
        late = _lacked(rules, bought) > 0
        if resolved and not [c for c in clicks if _lacked(rules, c) <= 0]:
            found["unattributed-purchases"].append(_unattributed(bought) | _revision(late))
        if rules.attribution != "all":
            one = clicks[:1] if rules.attribution == "first" else clicks[-1:]
            clicks = one if resolved else []
        for click in clicks:
            revision = _revision(late or _lacked(rules, click) > 0)
            found["conversion-events"].append(_conversion(click, bought) | revision)


def _lacked(rules: Rules, event: _Event) -> int:
    return event.stream - rules.join_grace - event.time


def _revision(revised: bool) -> Fields:
    return {"revision": 1} if revised else {}


def _unattributed(bought: _Event) -> Fields:
    user, product = bought.pair
    return {
        "userId": user,
        "productId": product,
        "purchaseTimestamp": text(bought.time),
        "purchase": bought.source,
        "order": {name: v for name, v in bought.fields.items() if name not in _OURS},
    }


def _conversion(click: _Event, bought: _Event) -> Fields:
    return _unattributed(bought) | {
        "id": f"{click.source}/{bought.source}",
        "clickTimestamp": text(click.time),
        "timeToPurchase": (bought.time - click.time) / 1000,
        "click": click.source,
    }
