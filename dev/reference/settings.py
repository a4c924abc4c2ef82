"""The page of the settings, from the fields of `app.settings.Settings`."""

import re
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any, get_args

from annotated_types import Ge, Gt, Le, Lt
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from app.fields import duration
from app.settings import Settings
from dev.reference.markdown import code, page, table

_INTRODUCTION = """\
Settings are environment variables, read once at the start. One that is not accepted ends the
program with the rule, the value and the remedy. An empty variable counts as unset.

A duration is seconds as a number, or text such as `250ms`, `90s`, `5m`, `1h`, `2d`. What may be
changed on a running application, and how, is told in
[Change the window size](../how-to/change-window-size.md)."""

_FIELDS = Settings.model_fields


def page_of_settings() -> str:
    """Every setting with its default, what it takes and what it does."""
    return page("Settings", _INTRODUCTION, *_parts())


def _parts() -> Iterator[str]:
    """A heading and a table for each class that has settings, the application's own first."""
    for owner in Settings.__mro__:
        names = [name for name in vars(owner).get("__annotations__", ()) if name in _FIELDS]
        if names:
            yield f"## {_words(owner.__name__)}"
            rows = [_row(name, _FIELDS[name]) for name in names]
            yield table(("variable", "default", "takes", "meaning"), rows)


def _words(name: str) -> str:
    """Words of a class's name; of the settings themselves what they are about."""
    return "Application" if name == "Settings" else re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)


def _row(name: str, field: FieldInfo) -> tuple[str, ...]:
    variable = code(field.validation_alias)
    return variable, code(_default(field)), _takes(name, field), field.description or ""


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _takes(name: str, field: FieldInfo) -> str:
    kinds = [kind for kind in get_args(field.annotation) if kind is not type(None)]
    kind: Any = kinds[0] if kinds else field.annotation
    if isinstance(kind, type) and issubclass(kind, Enum):
        return ", ".join(code(member.value) for member in kind)
    if kind is bool:
        return "`true`, `false`"
    write = duration if name.endswith("_ms") else str
    bounds = _bounds(field, write)
    if name.endswith("_ms"):
        return f"a duration{bounds}"
    return f"{_WORDS.get(kind, 'text')}{bounds}"


_WORDS: dict[Any, str] = {
    int: "a whole number",
    float: "a number",
    Path: "a path",
    SecretStr: "a secret",
}


def _bounds(field: FieldInfo, write: Any) -> str:
    words = []
    for bound in field.metadata:
        match bound:
            case Ge(ge=least):
                words.append(f"from {write(least)}")
            case Gt(gt=least):
                words.append(f"above {write(least)}")
            case Le(le=most):
                words.append(f"to {write(most)}")
            case Lt(lt=most):
                words.append(f"below {write(most)}")
            case _:
                pass
    return f", {' '.join(words)}" if words else ""
