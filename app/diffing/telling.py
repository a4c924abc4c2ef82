"""Differences in words."""

from collections.abc import Iterable, Mapping
from itertools import product
from typing import Any

import msgspec
from aiokafka import TopicPartition

from app.audit.logs import Logs
from app.audit.stories import instant
from app.diffing.comparing import WHATS, Said
from app.diffing.gathering import Side
from app.diffing.things import REASONS
from app.topics import INNER, INPUTS, topic_name
from app.versions.rules import rules_of

#: Columns that say where an inner record is.
_NAMES = {"p": "partition", "inner_o": "offset"}


def what_of(what: str, names: tuple[str, str]) -> str:
    """How a difference is, with the versions' names."""
    if what == "other":
        return "differs"
    name = names[WHATS[what][0] == "b"]
    return f"only in {name}" if what.startswith("only") else f"more than once in {name}"


def explained(reason: str, sides: tuple[Side, Side]) -> str:
    """The sentence of a reason, with both versions' values."""
    one, other = sides
    rules = [rules_of(side.settings) for side in sides]
    values = {
        name: f"{value} in both"
        if value == rules[1][name]
        else f"{value} in {one.name} and {rules[1][name]} in {other.name}"
        for name, value in rules[0].items()
    }
    releases = [side.begun.release if side.begun else "?" for side in sides]
    return REASONS[reason].format(**values, release=" and ".join(releases))


def example(keys: Mapping[str, Any], said: Said, names: tuple[str, str]) -> str:
    """One difference: which thing, and what each version says of it."""
    told = [
        f"{name}: {' and '.join(map(_fields, values))}"
        for name, values in zip(names, said, strict=True)
        if values
    ]
    return f"{_place(keys)} — {'; '.join(told)}"


def _place(keys: Mapping[str, Any]) -> str:
    parts = dict(keys)
    texts = []
    for kind, q, o in (
        (parts.pop("kind", parts.pop("source_kind", None)), "q", "o"),
        ("clicks", "click_q", "click_o"),
        ("purchases", "purchase_q", "purchase_o"),
    ):
        offset = parts.pop(o, None) if o in parts else parts.pop(f"source_{o}", None)
        if q in parts and kind is not None:
            texts.append(f"{kind}-{parts.pop(q)}-{offset}")
    return ", ".join([*texts, *([_fields(parts)] if parts else [])])


def _fields(values: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{_NAMES.get(name, name).removesuffix('_ms')} {_value(name, value)}"
        for name, value in values.items()
        if value is not None and name != "digest"
    )


def _value(name: str, value: Any) -> str:
    if name in {"took_ms", "late_by_ms"}:
        return f"{value / 1000:g} s"
    return instant(value) if name.endswith("_ms") else str(value)


async def fields_of(
    logs: Logs, sides: tuple[Side, Side], keys: Mapping[str, Any], said: Said
) -> str:
    """The fields in which an inner record is another, with both values."""
    short = dict(zip(INPUTS, INNER, strict=True))[keys["kind"]]
    others = next(pair for pair in product(*said) if pair[0]["digest"] != pair[1]["digest"])
    values = [
        await _read(logs, topic_name(side.settings, short), at["p"], at["inner_o"])
        for side, at in zip(sides, others, strict=True)
    ]
    names = dict.fromkeys(name for value in values for name in value if name != "streamTime")
    other = [name for name in names if values[0].get(name) != values[1].get(name)]
    told = (f"{name} [{', '.join(value.get(name, 'null') for value in values)}]" for name in other)
    return f"{_place(keys)} — {', '.join(told)}"


async def _read(logs: Logs, topic: str, p: int, offset: int) -> dict[str, str]:
    """The fields of a record, each as it is written: nobody says what others' numbers are like."""
    at = TopicPartition(topic, p)
    found: list[Any] = []

    def take(_: TopicPartition, records: Iterable[Any]) -> None:
        found.extend(record for record in records if record.offset == offset)

    await logs.read({at: offset}, {at: offset + 1}, take)
    try:
        value = msgspec.json.decode(found[0].value, type=dict[str, msgspec.Raw]) if found else {}
    except RecursionError:
        return {}
    return {name: bytes(raw).decode() for name, raw in value.items()}
