"""Whether a page shows what a command prints.

In a ``text`` block each line must be printed, in this order. ``…`` stands for anything: within a
line for any text, alone on a line for any lines. Lines that are printed and not shown between two
that are shown need a ``…`` between these. Blanks count as one, so that columns may be narrower;
trailing ones don't count. Numbers must be the ones printed: what varies is written ``…``.

In a ``json`` block what is shown must be in what is printed: an object's shown fields, with these
values; an array's elements, in this order. The text ``"…"`` stands for any value, and in an array
for any number of elements; within a text ``…`` is any text. An object may have fields that are
not shown.
"""

import json
import re
from collections.abc import Sequence
from typing import Any

ANY = "…"


def shows(language: str, shown: str, printed: str) -> bool:
    """Whether a block of a language shows what was printed."""
    if language != "json":
        return shows_lines(_lines(shown), _lines(printed))
    try:
        found = json.loads(printed)
    except ValueError:
        return False
    return shows_json(json.loads(shown), found)


def shows_lines(shown: Sequence[str], printed: Sequence[str]) -> bool:
    """Whether lines show the printed ones."""
    if not shown:
        return not printed
    if shown[0] == ANY:
        return any(shows_lines(shown[1:], printed[at:]) for at in range(len(printed) + 1))
    return bool(printed) and _fits(shown[0], printed[0]) and shows_lines(shown[1:], printed[1:])


def shows_json(shown: Any, printed: Any) -> bool:
    """Whether a value shows the printed one."""
    if shown == ANY:
        return True
    if isinstance(shown, str) and isinstance(printed, str):
        return _fits(shown, printed)
    if isinstance(shown, dict) and isinstance(printed, dict):
        return all(k in printed and shows_json(v, printed[k]) for k, v in shown.items())
    if isinstance(shown, list) and isinstance(printed, list):
        return _shows_elements(shown, printed)
    return bool(shown == printed) and type(shown) is type(printed)


def _shows_elements(shown: list[Any], printed: list[Any]) -> bool:
    if not shown:
        return not printed
    if shown[0] == ANY:
        return any(_shows_elements(shown[1:], printed[at:]) for at in range(len(printed) + 1))
    first = bool(printed) and shows_json(shown[0], printed[0])
    return first and _shows_elements(shown[1:], printed[1:])


def _lines(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def _fits(shown: str, printed: str) -> bool:
    pattern = ".*".join(re.escape(part) for part in shown.split(ANY))
    return re.fullmatch(pattern, printed, re.DOTALL) is not None
