"""Which changes of a schema let old records and old readers be."""

from collections.abc import Iterator, Mapping
from typing import Any

#: Keywords that say something to people alone.
_WORDS = frozenset({"$schema", "$id", "$comment", "title", "description", "examples", "default"})
#: Keywords with a rule of their own; of all others none may be added, changed or dropped ...
_RULED = frozenset({"type", "enum", "required", "properties", "additionalProperties"})
#: ... but for limits, which may be dropped.
_LIMITS = frozenset({"minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems"})


def faults(old: Any, new: Any, at: str = "") -> Iterator[str]:
    """What in a schema breaks with an older one; nothing where only optional fields were added.

    Args:
        old: The schema of a published version, or of a field of it.
        new: That of a later one.
        at: The field's path.

    Yields:
        A sentence for each fault: what was done to which field, and what it was.
    """
    place = at or "the record"
    for word, names in (("type", _types), ("additionalProperties", repr)):
        if names(old.get(word)) != names(new.get(word)):
            yield f"{word} of {place} was changed from {old.get(word)} to {new.get(word)}"
    yield from _enum_faults(old, new, place)
    for name in sorted({*new.get("required", ())} - {*old.get("required", ())}):
        yield f"{at}{name} was made required"
    for name in sorted({*old.get("required", ())} - {*new.get("required", ())}):
        yield f"{at}{name}, on which readers count, is not required any more"
    for word in sorted({*new} - _WORDS - _RULED):
        if word not in old or old[word] != new[word]:
            yield f"{word} of {place} was {old.get(word, 'not there')} and is {new[word]}"
    for word in sorted({*old} - {*new} - _WORDS - _RULED - _LIMITS):
        yield f"{word} of {place} is not there any more"
    yield from _field_faults(old.get("properties", {}), new.get("properties", {}), at)


def _field_faults(old: Mapping[str, Any], new: Mapping[str, Any], at: str) -> Iterator[str]:
    for name, field in old.items():
        if name not in new:
            yield f"{at}{name} was removed"
        else:
            yield from faults(field, new[name], f"{at}{name}/")


def _types(types: Any) -> set[str]:
    return {types} if isinstance(types, str) else set(types or ())


def _enum_faults(old: Any, new: Any, place: str) -> Iterator[str]:
    if "enum" not in new:
        return
    if "enum" not in old:
        yield f"enum of {place} was not there"
    elif gone := [value for value in old["enum"] if value not in new["enum"]]:
        yield f"enum of {place} lost {', '.join(map(str, gone))}"
