"""The rule that a setting breaks, in words for a person."""

from collections.abc import Mapping
from typing import Any


def rule_of(error: Mapping[str, Any], unit: str) -> str:
    """Say which rule was broken.

    Args:
        error: One of pydantic's errors.
        unit: Of the setting's bounds, with a space before it; may be empty.

    Returns:
        The rule, without a full stop.
    """
    context = error.get("ctx", {})
    match error["type"]:
        case "greater_than_equal":
            return f"it must be at least {context['ge']}{unit}"
        case "less_than_equal":
            return f"it must be at most {context['le']}{unit}"
        case "string_pattern_mismatch":
            return "it is not of that form"
        case _:
            text: str = error["msg"].removeprefix("Value error, ")
            return text.replace("Input should be", "it must be")
