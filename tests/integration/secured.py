"""Clusters whose commands and workers use a Kafka that asks who is there."""

import asyncio
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.admin import CreateAclsRequest

from dev.kafka import LocalKafka
from tests.integration.harness import Cluster

ROOT = Path(__file__).parents[2]
#: Kafka's numbers, as its protocol has them.
_RESOURCES = {"Topic": 2, "Group": 3, "TransactionalId": 5}
_OPERATIONS = {
    "READ": 3,
    "WRITE": 4,
    "CREATE": 5,
    "DELETE": 6,
    "DESCRIBE": 8,
    "DESCRIBE_CONFIGS": 10,
}
_LITERAL, _PREFIXED, _ALLOW = 3, 4, 3
_ROW = re.compile(r"\| (.+?) \| (Topic|Group|TransactionalId) \| `(.+?)` \| ([A-Z_, ]+) \|")


@dataclass(frozen=True)
class Permission:
    """What SECURITY.md says that somebody needs."""

    who: str
    resource: str
    name: str
    operations: tuple[str, ...]


def permissions(prefix: str, app: str) -> Iterator[Permission]:
    """The table in SECURITY.md."""
    rows = _ROW.findall((ROOT / "SECURITY.md").read_text())
    assert rows
    for who, resource, pattern, operations in rows:
        name = pattern.replace("PREFIX", prefix).replace("APP", app)
        yield Permission(who, resource, name, tuple(operations.split(", ")))


async def grant(bootstrap: str, user: str, given: Iterable[Permission]) -> None:
    """Allow a user what is listed, and no more."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        for one in given:
            pattern = _PREFIXED if one.name.endswith("*") else _LITERAL
            for operation in one.operations:
                answer = await admin._send_request(
                    CreateAclsRequest(
                        _RESOURCES[one.resource],
                        one.name.rstrip("*"),
                        pattern,
                        f"User:{user}",
                        "*",
                        _OPERATIONS[operation],
                        _ALLOW,
                    )
                )
                assert [(0, None)] == [(r[0], r[1] or None) for r in answer.creation_responses]
    finally:
        await admin.close()


@dataclass
class SecuredCluster(Cluster):
    """Tests write and read by the plain listener; commands and workers use another.

    Attributes:
        listener: ``host:port`` of the other one.
    """

    listener: str = ""

    @property
    def env(self) -> dict[str, str]:
        """The environment of workers and commands."""
        return super().env | {"CLICKSTREAM_BROKER": f"kafka://{self.listener}"}

    def by(self, **settings: str) -> Self:
        """The same topics, by another user or in another way; without the workers."""
        other = replace(self, settings=self.settings | settings, workers=[])
        other.prefix = self.prefix
        return other

    def allow(self, user: str, who: str) -> None:
        """Give a user what SECURITY.md lists for somebody."""
        app = self.settings["APP_ID"]
        given = [p for p in permissions(self.prefix, app) if p.who == who]
        assert given, who
        asyncio.run(grant(self.bootstrap, user, given))


def secured(kafka: LocalKafka, directory: Path, protocol: str, **settings: str) -> SecuredCluster:
    """A cluster on one of the broker's listeners."""
    ours = {"KAFKA_SECURITY": protocol, **settings}
    return SecuredCluster(kafka.bootstrap, directory, ours, listener=kafka.secure(protocol))
