"""Which versions there are, and which is for readers: a compacted topic of one partition."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

from app import remembering
from app.audit.logs import Logs
from app.settings import MAIN, Settings
from app.topics import OUTPUTS, topic_name
from app.versions.errors import VersionError
from app.versions.rules import check_known, differing, name_of, rules_of, with_rules
from models.errors import SettingsError

#: Key of the record that names the version for readers: no version is called so.
_CURRENT = b".current"


class Compared(msgspec.Struct, rename="camel", frozen=True):
    """That a version was compared with another.

    Attributes:
        other: The other's name.
        at: When, as ISO-8601.
        differences: How many there were.
    """

    other: str
    at: str
    differences: int


class Version(msgspec.Struct, rename="camel", frozen=True):
    """A version as it was begun.

    Attributes:
        name: Its name.
        rules: The settings that say what it computes, by name without prefix.
        release: The program's version.
        begun: When, as ISO-8601.
        since: The time of ``--from``, if it does not have all of the inputs.
        starts: The first offset that it reads of each input partition, by the topic's short name.
        compared: The last comparison.
    """

    name: str
    rules: dict[str, str]
    release: str
    begun: str
    since: str | None = None
    starts: dict[str, list[int]] = {}
    compared: Compared | None = None


class _Pointer(msgspec.Struct):
    version: str


@dataclass(frozen=True, slots=True)
class Registry:
    """What the topic says.

    Attributes:
        versions: By name.
        current: The version for readers.
    """

    versions: Mapping[str, Version] = field(default_factory=dict)
    current: str = MAIN

    def settings_of(self, ours: Settings, name: str) -> Settings:
        """The settings of a version: those of the environment for the one that it names.

        Raises:
            VersionError: There is no such version, or a later release has begun it.
        """
        if name == name_of(ours):
            return ours
        if (version := self.versions.get(name)) is None:
            known = ", ".join(sorted({*self.versions, name_of(ours)}))
            raise VersionError(
                f"A version is one that was begun; got {name!r}, and there are: {known}. Begin it "
                f"with: faust -A app replay --as {name}"
            )
        return with_rules(ours, name, version.rules)

    def as_json(self, settings: Settings) -> dict[str, Any]:
        """For machines, with the names of the current version's outputs."""
        current = settings.model_copy(
            update={"version": "" if self.current == MAIN else self.current}
        )
        return {
            "current": self.current,
            "topics": {short: topic_name(current, short) for short in OUTPUTS},
            "versions": [
                msgspec.to_builtins(self.versions[name]) for name in sorted(self.versions)
            ],
        }


def registry_topic(settings: Settings) -> str:
    """The topic's name: one for all versions."""
    return f"{settings.topic_prefix}{settings.app_id}-versions"


async def make_registry(settings: Settings, admin: AIOKafkaAdminClient) -> None:
    """Create the topic, if it is not there.

    Raises:
        TopicError: Kafka refuses.
    """
    await remembering.make(settings, admin, registry_topic(settings), "versions")


async def read_registry(settings: Settings, logs: Logs) -> Registry:
    """What the topic says; nothing where it is not there yet.

    Raises:
        VersionError: It says what no release of ours wrote.
    """
    topic = registry_topic(settings)
    found = await remembering.read(logs, topic)
    pointer = found.pop(_CURRENT, None)
    current = _decoded(topic, _CURRENT, pointer, _Pointer).version if pointer else MAIN
    versions = [_decoded(topic, key, value, Version) for key, value in found.items()]
    return Registry({version.name: version for version in versions}, current)


def _decoded(topic: str, key: bytes, value: bytes, kind: type[Any]) -> Any:
    try:
        return msgspec.json.decode(value, type=kind)
    except (ValueError, RecursionError) as error:
        raise VersionError(
            f"Topic {topic} must hold what replay, diff and promote write; under the key {key!r} "
            f"it holds {value[:80]!r}: {error}. Write a record with that key and no value to it."
        ) from None


async def begun_at(settings: Settings, logs: Logs) -> Mapping[str, list[int]]:
    """The first offset that a version reads of each input partition; none for one without name."""
    if not settings.version:
        return {}
    registry = await read_registry(settings, logs)
    version = registry.versions.get(settings.version)
    return version.starts if version else {}


def record_of(version: Version) -> tuple[bytes, bytes]:
    """The key and the value that remember a version as it is now."""
    return version.name.encode(), msgspec.json.encode(version)


async def put_version(settings: Settings, version: Version) -> None:
    """Remember a version as it is now."""
    await _put(settings, *record_of(version))


async def forget_version(settings: Settings, name: str) -> None:
    """Remember a version no more."""
    await _put(settings, name.encode(), None)


async def put_current(settings: Settings, name: str) -> None:
    """Name the version for readers."""
    await _put(settings, _CURRENT, msgspec.json.encode(_Pointer(name)))


async def _put(settings: Settings, key: bytes, value: bytes | None) -> None:
    producer = AIOKafkaProducer(**settings.connection, acks="all")
    await producer.start()
    try:
        await producer.send_and_wait(registry_topic(settings), value, key, partition=0)
    finally:
        await producer.stop()


def check_rules(settings: Settings, registry: Registry) -> None:
    """Check that a version is set as it was begun.

    Raises:
        SettingsError: It is not: its numbers would be of both.
        VersionError: A later release has begun it, and knows more rules.
    """
    version = registry.versions.get(settings.version)
    if version is None:
        return
    check_known(version.name, version.rules)
    if wrong := differing(version.rules, rules_of(settings)):
        found = ", ".join(f"{name} {was} and is {now}" for name, (was, now) in wrong.items())
        remedy = " ".join(f"CLICKSTREAM_{name}={was}" for name, (was, _) in wrong.items())
        raise SettingsError(
            f"A version keeps the settings that it was begun with; of {settings.version} it was "
            f"{found}. Set {remedy}, or replay as another version."
        )
