"""The corpus of nasty input records, tests/data/nasty: what each is, and what must become of it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

_FOLDER = Path(__file__).parent / "data" / "nasty"

#: By file: whole values, fields of another type, ids, timestamps.
FILES = ("values", "fields", "ids", "timestamps")

#: The Kafka timestamp of every record of the corpus (2024-01-01T00:00:00Z), and the future skew
#: that its expectations stand for; in ms.
RECORD_MS, FUTURE_SKEW_MS = 1_704_067_200_000, 86_400_000

#: What becomes of a record: the code of its dead letter, or fields of what is passed on.
Fate: TypeAlias = str | dict[str, str]


@dataclass(frozen=True, slots=True)
class Nasty:
    """One input record.

    Attributes:
        name: What is nasty about it.
        value: Its value.
        fates: What must become of it, by input topic.
    """

    name: str
    value: bytes | None
    fates: dict[str, Fate]


def corpus(*files: str) -> list[Nasty]:
    """The records of these files, or of all."""
    lines = [
        line
        for file in files or FILES
        for line in (_FOLDER / f"{file}.jsonl").read_text().splitlines()
    ]
    return [_read(json.loads(line)) for line in lines]


def _read(line: dict[str, Any]) -> Nasty:
    fates = {topic: line.get(topic) or line["expected"] for topic in ("clicks", "purchases")}
    return Nasty(line["name"], _value(line), fates)


def _value(line: dict[str, Any]) -> bytes | None:
    written = line.get("text", line.get("bytes"))
    if isinstance(written, list):
        written = "".join(part * count for part, count in written)
    return None if written is None else written.encode("latin-1" if "bytes" in line else "utf-8")


def valid_users() -> list[str]:
    """Every user id of the corpus that is valid."""
    fates = [nasty.fates["clicks"] for nasty in corpus("ids")]
    return sorted({fate["userId"] for fate in fates if not isinstance(fate, str)})
