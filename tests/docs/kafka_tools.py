"""Stands in for Kafka's own tools, which the local Kafka does not bring along.

It understands what the pages tell to type and nothing else, as Kafka 4.1 documents it:
``kafka-topics.sh --delete --topic REGEX`` and ``kafka-consumer-groups.sh --delete --group NAME``.
"""

import argparse
import asyncio
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import for_code
from aiokafka.protocol.admin import DeleteGroupsRequest

#: The tools, by the option that names what they delete.
TOOLS = {"kafka-topics.sh": "--topic", "kafka-consumer-groups.sh": "--group"}


def install(directory: Path) -> None:
    """Put the tools into a directory for the PATH."""
    for tool in TOOLS:
        script = directory / tool
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{__file__}" {tool} "$@"\n')
        script.chmod(0o755)


def main() -> None:
    """Delete topics or a group."""
    tool, *arguments = sys.argv[1:]
    parser = argparse.ArgumentParser(prog=tool)
    parser.add_argument("--bootstrap-server", required=True)
    parser.add_argument("--delete", action="store_true", required=True)
    parser.add_argument(TOOLS[tool], dest="what", required=True)
    asked = parser.parse_args(arguments)
    asyncio.run(_delete(tool, asked.bootstrap_server, asked.what))


async def wipe(bootstrap: str) -> None:
    """Delete all groups, then all topics but Kafka's own."""
    async with _connected(bootstrap) as admin:
        for group, _ in await admin.list_consumer_groups():
            await _delete_group(admin, group)
        await _delete_topics(admin, "(?!__).*")


@asynccontextmanager
async def _connected(bootstrap: str) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


async def _delete(tool: str, bootstrap: str, what: str) -> None:
    async with _connected(bootstrap) as admin:
        if tool == "kafka-topics.sh":
            await _delete_topics(admin, what)
        else:
            await _delete_group(admin, what)


async def _delete_topics(admin: AIOKafkaAdminClient, regex: str) -> None:
    """As Kafka's tool does: a comma is an alternative, and the whole name must match."""
    pattern = re.compile(regex.replace(",", "|"))
    names = [name for name in await admin.list_topics() if pattern.fullmatch(name)]
    if not names:
        sys.exit(f"Error while executing topic command : Topic '{regex}' does not exist")
    await admin.delete_topics(names)
    while set(names) & set(await admin.list_topics()):  # noqa: ASYNC110 it tells nobody
        await asyncio.sleep(0.05)


async def _delete_group(admin: AIOKafkaAdminClient, group: str) -> None:
    coordinator = await admin.find_coordinator(group)
    answer = await admin._send_request(DeleteGroupsRequest([group]), coordinator)
    [(_, code)] = answer.results
    if code:
        reason = for_code(code).__name__
        sys.exit(f"Error: Deletion of some consumer groups failed: '{group}' due to {reason}")
    print(f"Deletion of requested consumer groups ('{group}') was successful.")  # noqa: T201


if __name__ == "__main__":
    main()
