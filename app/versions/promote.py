"""Naming the version that readers are to use."""

from collections.abc import Collection

from agents.spec import StageSpec
from app.audit.logs import Logs
from app.settings import Settings
from app.versions.errors import VersionError
from app.versions.progress import gone, look, members
from app.versions.registry import Registry, make_registry, put_current, read_registry
from app.versions.rules import name_of


async def doubts(
    settings: Settings, registry: Registry, logs: Logs, stages: Collection[StageSpec]
) -> list[str]:
    """What speaks against a version for readers; empty when nothing does.

    Args:
        settings: The version's.
        registry: All versions.
        logs: The cluster's.
        stages: The application's.
    """
    name, found = name_of(settings), []
    if lacking := await gone(settings, logs):
        return [f"{name} lacks topics that it had: {', '.join(lacking)}. Was it retired?"]
    begun = registry.versions.get(name)
    if not await members(settings, logs):
        found.append(f"No worker of {name} runs: its numbers stand still. Start one.")
    now = await look(settings, begun, logs, stages)
    if now.lag > settings.ready_lag:
        found.append(
            f"{name} is {now.lag:,} records behind, and {settings.ready_lag:,} are allowed "
            "(CLICKSTREAM_READY_LAG). Wait until it has caught up."
        )
    against = registry.current
    compared = begun.compared if begun else None
    if compared is None or compared.other != against:
        found.append(
            f"{name} was not compared with {against}, which readers use now. Look at: "
            f"faust -A app diff {against} {name}"
        )
    return found


async def promote(
    ours: Settings, name: str, logs: Logs, stages: Collection[StageSpec], *, force: bool
) -> str:
    """Name a version for readers.

    Returns:
        The version that it was before.

    Raises:
        VersionError: Something speaks against it.
    """
    registry = await read_registry(ours, logs)
    settings = registry.settings_of(ours, name)
    if name_of(settings) == registry.current:
        return registry.current
    found = [] if force else await doubts(settings, registry, logs, stages)
    if found:
        raise VersionError(
            "\n".join([*found, "Nothing was changed. To promote it all the same: --force"])
        )
    await make_registry(ours, logs.admin)
    await put_current(ours, name_of(settings))
    return registry.current
