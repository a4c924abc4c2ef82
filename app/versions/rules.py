"""The settings that say what is computed: two versions may differ in them."""

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any

from app.computation import Computation
from app.fields import PREFIX, duration
from app.settings import MAIN, Settings, load_settings
from app.versions.errors import VersionError

#: What else is in the data directory, beside the application id's stores.
_TAKEN = ("history", "lock", "probe")
#: The settings' names without their prefix, and their fields.
RULES: Mapping[str, str] = {
    str(field.validation_alias).removeprefix(PREFIX): name
    for name, field in Computation.model_fields.items()
}


def name_of(settings: Settings) -> str:
    """The version's name, also of the one that has none."""
    return settings.version or MAIN


def rules_of(settings: Settings) -> dict[str, str]:
    """All rules as they are written in the environment."""
    values: dict[str, Any] = {field: getattr(settings, field) for field in RULES.values()}
    values["join_grace_ms"] = settings.join_grace
    return {name: _text(field, values[field]) for name, field in RULES.items()}


def differing(one: Mapping[str, str], other: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """The rules that two versions do not share, with both values.

    A rule that one of them was begun without, by an earlier release, is none in which they differ.
    """
    both = [name for name in RULES if name in one and name in other]
    return {name: (one[name], other[name]) for name in both if one[name] != other[name]}


def check_known(version: str, rules: Mapping[str, str]) -> None:
    """Check that this release knows all rules of a version.

    Raises:
        VersionError: It does not: it would compute something else.
    """
    if unknown := [name for name in rules if name not in RULES]:
        raise VersionError(
            f"A version is run by a release that knows its settings; {version} was begun with "
            f"{', '.join(unknown)}. Use the release that began it, or a later one."
        )


def changes_of(pairs: Iterable[str]) -> dict[str, str]:
    """The changes that were asked for as ``NAME=VALUE``.

    Raises:
        VersionError: It is no such pair, or no rule.
    """
    changes = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or name not in RULES:
            raise VersionError(
                f"A version may have other values of {', '.join(RULES)}; got {pair!r}. Write it as "
                "WINDOW_SIZE=10m; all other settings are those of the environment."
            )
        changes[name] = value
    return changes


def with_rules(settings: Settings, version: str, changes: Mapping[str, str]) -> Settings:
    """The settings of another version.

    Args:
        settings: What it shares with them stays.
        version: Its name.
        changes: Its rules that differ.

    Raises:
        SettingsError: A name or a value is not accepted.
        VersionError: There is no name, or it is one of ours in the data directory; or a rule that
            a later release knows.
    """
    if version != MAIN and version in {"", settings.app_id, *_TAKEN}:
        raise VersionError(
            f"A version has a name, and a directory of that name in {settings.data_dir}; got "
            f"{version!r}{', which is there for something else' if version else ''}. Choose "
            "another one, as v2."
        )
    check_known(version, changes)
    given = {PREFIX + name: value for name, value in changes.items()}
    read = load_settings(given | {PREFIX + "VERSION": version})
    fields = {RULES[name]: getattr(read, RULES[name]) for name in changes}
    return settings.model_copy(update=fields | {"version": read.version})


def variables(version: str, rules: Mapping[str, str]) -> dict[str, str]:
    """What is set in the environment of a version's workers."""
    named = {PREFIX + name: value for name, value in rules.items()}
    return {PREFIX + "VERSION": version, **named}


def _text(field: str, value: Any) -> str:
    if field.endswith("_ms"):
        return duration(value)
    if isinstance(value, Enum):
        return str(value.value)
    return str(value).lower() if isinstance(value, bool) else str(value)
