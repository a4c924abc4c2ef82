"""Removing a version: its topics, its group, what it has on this machine."""

import asyncio
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupIdNotFound, KafkaError, NonEmptyGroup, for_code
from aiokafka.protocol.admin import DeleteGroupsRequest

from app.audit.logs import Logs
from app.settings import Settings
from app.topics import INPUTS, topic_name, topic_specs
from app.versions.errors import VersionError
from app.versions.progress import members
from app.versions.registry import forget_version, read_registry
from app.versions.rules import name_of, with_rules

#: Faust's own directory within a worker's: it holds nothing.
_FAUST = "v1"
#: Files that a version leaves in its directory beside its stores.
_FILES = ("lock", "replay.log")
#: Seconds between two looks whether topics are gone.
_POLL_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Remains:
    """What there is of a version.

    Attributes:
        settings: The version's.
        topics: Full names.
        group: The consumer group, if it is there.
        stores: Directory of the local stores, if it is there.
        known: It is among the versions that were begun.
    """

    settings: Settings
    topics: list[str]
    group: str | None
    stores: Path | None
    known: bool

    @property
    def lines(self) -> list[str]:
        """What goes, in words."""
        lines = [f"topic {name}" for name in self.topics]
        lines += [f"group {self.group}"] if self.group else []
        lines += [f"directory {self.stores}"] if self.stores else []
        return lines


async def remains(ours: Settings, name: str, logs: Logs) -> Remains:
    """Look what there is of a version, and whether it may go.

    Raises:
        VersionError: Readers use it, or workers of it run.
    """
    registry = await read_registry(ours, logs)
    if name == registry.current:
        raise VersionError(
            f"A version that readers use is kept; that is {name}. Promote another one first."
        )
    settings = _settings(ours, name)
    running = await members(settings, logs)
    if running:
        found = "1 worker runs" if running == 1 else f"{running} workers run"
        raise VersionError(
            f"A version is retired when none of its workers runs; of {name} {found}. Stop it (one "
            "that was killed is gone after CLICKSTREAM_SESSION_TIMEOUT)."
        )
    inputs = {topic_name(settings, short) for short in INPUTS}
    there = set(await logs.admin.list_topics())
    topics = [s.name for s in topic_specs(settings) if s.name not in inputs and s.name in there]
    groups = {group for group, _ in await logs.admin.list_consumer_groups()}
    stores = settings.directory / settings.identity
    return Remains(
        settings,
        topics,
        settings.identity if settings.identity in groups else None,
        stores if stores.exists() else None,
        name in registry.versions,
    )


def _settings(ours: Settings, name: str) -> Settings:
    """Enough to find what it left: also of a version that was forgotten half-way."""
    return with_rules(ours, name, {})


async def retire(ours: Settings, found: Remains, logs: Logs, done: Callable[[str], None]) -> None:
    """Remove what there is; may be asked again after any interruption.

    The version is forgotten last: as long as anything is left, it is known.

    Args:
        ours: The environment's.
        found: What there is.
        logs: The cluster's.
        done: Told of each thing that is gone.
    """
    if found.topics:
        await _delete_topics(logs.admin, found.topics)
        done(f"{len(found.topics)} topics are deleted.")
    if found.group:
        await _delete_group(logs.admin, found.group)
        done(f"The group {found.group} is deleted.")
    if found.stores:
        _delete_stores(found.settings, found.stores)
        done(f"The directory {found.stores} is deleted.")
    if found.known:
        await forget_version(ours, name_of(found.settings))


async def _delete_topics(admin: AIOKafkaAdminClient, names: list[str]) -> None:
    answer = await admin.delete_topics(names)
    for name, code in answer.topic_error_codes:
        if code:
            raise VersionError(
                f"Kafka must delete {name}; it answers {for_code(code).__name__}. Mend that, then "
                "run this again: it goes on."
            )
    while set(names) & set(await admin.list_topics()):  # noqa: ASYNC110 it tells nobody
        await asyncio.sleep(_POLL_SECONDS)


async def _delete_group(admin: AIOKafkaAdminClient, group: str) -> None:
    coordinator = await admin.find_coordinator(group)
    # aiokafka's admin client knows the request and has no call for it.
    answer = await admin._send_request(DeleteGroupsRequest([group]), coordinator)  # noqa: SLF001
    [(_, code)] = answer.results
    if code == NonEmptyGroup.errno:
        raise VersionError(
            f"A group is deleted when nobody is in it; a worker of {group} has come. Stop it, then "
            "run this again: it goes on."
        )
    if code not in {0, GroupIdNotFound.errno}:
        raise KafkaError(f"{group} can't be deleted: {for_code(code).__name__}")


def _delete_stores(settings: Settings, stores: Path) -> None:
    shutil.rmtree(stores)
    if not settings.version:
        return
    for name in _FILES:
        (settings.directory / name).unlink(missing_ok=True)
    shutil.rmtree(settings.directory / _FAUST, ignore_errors=True)
    if not any(settings.directory.iterdir()):
        settings.directory.rmdir()
