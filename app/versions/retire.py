"""Removing a version: its topics, its group, what it has on this machine."""

import asyncio
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import (
    GroupIdNotFound,
    KafkaError,
    NonEmptyGroup,
    UnknownTopicOrPartitionError,
    for_code,
)
from aiokafka.protocol.admin import DeleteGroupsRequest

from app.audit.logs import Logs
from app.history.reaching import HISTORIES, path_of
from app.settings import Settings
from app.topics import INPUTS, topic_name, topic_specs
from app.versions.errors import VersionError
from app.versions.progress import members
from app.versions.registry import forget_version, read_registry
from app.versions.rules import name_of, with_rules

#: Files that a version leaves in its directory beside its stores.
_FILES = ("lock", "replay.log")
#: Faust's own directory there: it holds nothing.
_FAUST = "v1"
#: What a history's file is followed by where its process did not end in order.
_ENDINGS = ("", ".wal", ".tmp")
#: Seconds between two looks whether topics are gone, and after which they should be.
_POLL_SECONDS = 0.05
_GONE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Remains:
    """What there is of a version.

    Attributes:
        settings: The version's.
        topics: Full names.
        group: The consumer group, if it is there.
        paths: Its directories and files here.
        known: It is among the versions that were begun.
    """

    settings: Settings
    topics: list[str]
    group: str | None
    paths: list[Path]
    known: bool

    @property
    def lines(self) -> list[str]:
        """What goes, in words."""
        lines = [f"topic {name}" for name in self.topics]
        lines += [f"group {self.group}"] if self.group else []
        return lines + [f"{'directory' if p.is_dir() else 'file'} {p}" for p in self.paths]


async def remains(ours: Settings, name: str, logs: Logs) -> Remains:
    """Look what there is of a version, and whether it may go.

    Raises:
        VersionError: Readers use it, or workers of it run.
    """
    registry = await read_registry(ours, logs)
    settings = with_rules(ours, name, {})  # its rules are of no use: it may be forgotten half-way
    if name == registry.current:
        raise VersionError(
            f"A version that readers use is kept; that is {name}. Promote another one first."
        )
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
    known = name in registry.versions
    groups = {group for group, _ in await logs.admin.list_consumer_groups()}
    return Remains(
        settings,
        topics,
        settings.identity if settings.identity in groups else None,
        [path for path in _paths(settings, known=known) if path.exists()],
        known,
    )


def _paths(settings: Settings, *, known: bool) -> list[Path]:
    """What a version may have here, and nothing of anybody else's in the data directory."""
    directory = settings.directory
    histories = [path_of(settings, name) for name in HISTORIES]
    found = [directory / settings.identity]
    found += [history.with_name(history.name + end) for history in histories for end in _ENDINGS]
    if settings.version and (known or found[0].exists()):
        found += [directory / name for name in (*_FILES, _FAUST)]
    return found


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
        await _delete_topics(logs, found.topics)
        done(f"{len(found.topics)} topics are deleted.")
    if found.group:
        await _delete_group(logs.admin, found.group)
        done(f"The group {found.group} is deleted.")
    if found.paths:
        _delete_paths(found.settings, found.paths)
        done(f"What it had in {found.settings.directory} is deleted.")
    if found.known:
        await forget_version(ours, name_of(found.settings))


async def _delete_topics(logs: Logs, names: list[str]) -> None:
    answer = await logs.admin.delete_topics(names)
    for name, code in answer.topic_error_codes:
        if code not in {0, UnknownTopicOrPartitionError.errno}:
            raise VersionError(
                f"Kafka must delete {name}; it answers {for_code(code).__name__}. Mend that, then "
                "run this again: it goes on."
            )
    until_s = time.monotonic() + _GONE_SECONDS
    while left := set(names) & set(await logs.admin.list_topics()):
        logs.proceed()
        if time.monotonic() > until_s:
            raise VersionError(
                f"Topics that Kafka deleted must stay away; {min(left)} does not. A reader of it "
                "brings it back where auto.create.topics.enable is set: stop that, then run this "
                "again: it goes on."
            )
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


def _delete_paths(settings: Settings, paths: list[Path]) -> None:
    try:
        for path in paths:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        for directory in sorted(
            {path.parent for path in paths} - {settings.data_dir}, reverse=True
        ):
            if directory.is_dir() and not any(directory.iterdir()):
                directory.rmdir()
    except OSError as error:
        raise VersionError(
            f"What a version has in {settings.directory} is to be deleted; {error.filename} can't "
            f"be ({error.strerror}). Mend that, then run this again: it goes on."
        ) from None
