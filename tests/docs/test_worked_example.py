"""The worked example of docs/explanation/event-time.md, by the counting stage itself."""

import json
import re

from dev.kafka.jars import ROOT
from models.counting import Counting
from models.timestamps import iso
from models.watermark import NEVER_MS, StreamTime
from models.windows import WindowRules
from tests.models.fakes import HOUR, MINUTE, Task, at, inner

_PAGE = ROOT / "docs" / "explanation" / "event-time.md"
#: Input partition, event time, stream time of the stage, what happens.
_ROW = re.compile(r"^\| ([01]) \| ([\d:]+) \| [^|]+ \| \**([\w:]+)\** \| ([^|]+) \|$", re.MULTILINE)


def test_the_worked_example_is_what_happens() -> None:
    """Record by record: the stage's stream time, who is late and by what, which window closes."""
    rules = WindowRules(5 * MINUTE, 2 * MINUTE, 24 * HOUR)
    time = StreamTime({"clicks": 2}, MINUTE)
    task = Task(lambda kept: Counting(rules, time, kept))
    highest = {"0": NEVER_MS, "1": NEVER_MS}
    told, found = [], []
    for offset, (partition, clock, stage, said) in enumerate(_ROW.findall(_PAGE.read_text())):
        highest[partition] = max(highest[partition], at(clock))
        source = f"clicks-{partition}-{offset}"
        record = inner("ada", at(clock), source, stream_ms=highest[partition])
        sent = [
            (topic, json.loads(output.value or b""))
            for topic, outputs in task.run([record]).items()
            for output in outputs
        ]
        stream_time = "none" if time.value == NEVER_MS else iso(time.value)[11:16]
        late = [("late", 60.0)] if "late" in said.split("*") else []
        told.append((stage, late + ([("closes", 3)] if "closes" in said else [])))
        found.append((stream_time, [_event(topic, value) for topic, value in sent]))
    assert found == told
    assert 8 == len(told)


def _event(topic: str, value: dict[str, object]) -> tuple[str, object]:
    if topic == "late-events":
        return "late", value["lateBy"]
    return "closes", value["clickCount"]
