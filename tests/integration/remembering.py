"""Logs of a cluster at rest, each asked for once: audits of them differ in the damage alone."""

from collections.abc import Awaitable, Callable, Hashable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any

from aiokafka import TopicPartition

from app.audit.logs import Ends, Logs, Take

#: Answers by question.
Memory = dict[Hashable, Any]
Fetched = list[tuple[TopicPartition, Sequence[Any]]]


class Remembered:
    """Logs that ask Kafka only what is not in the memory, and connect only then."""

    def __init__(
        self,
        memory: Memory,
        opened: Callable[[], AbstractAsyncContextManager[Logs]],
        stack: AsyncExitStack,
    ) -> None:
        """Answer from a memory, else from logs that are closed with the stack."""
        self._memory = memory
        self._opened = opened
        self._stack = stack
        self._logs: Logs | None = None

    @property
    def admin(self) -> Any:
        """It describes topics, and no more."""
        return self

    async def describe_topics(self, topics: list[str]) -> Any:
        """As the admin client."""
        key = ("describe_topics", *topics)
        return await self._once(key, lambda logs: logs.admin.describe_topics(topics))

    async def start_of(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        """As `Logs`."""
        key = ("start_of", *partitions)
        return dict(await self._once(key, lambda logs: logs.start_of(partitions)))

    async def end_of(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        """As `Logs`."""
        key = ("end_of", *partitions)
        return dict(await self._once(key, lambda logs: logs.end_of(partitions)))

    async def group_offsets(
        self, group: str, partitions: Sequence[TopicPartition]
    ) -> dict[TopicPartition, Any]:
        """As `Logs`."""
        key = ("group_offsets", group, *partitions)
        return dict(await self._once(key, lambda logs: logs.group_offsets(group, partitions)))

    async def read(self, starts: Ends, ends: Ends, take: Take) -> None:
        """As `Logs`."""
        key = ("read", *sorted(starts.items()), *sorted((tp, ends[tp]) for tp in starts))
        for tp, records in await self._once(key, lambda logs: _all(logs, starts, ends)):
            take(tp, records)

    async def _once(self, key: Hashable, ask: Callable[[Logs], Awaitable[Any]]) -> Any:
        if key not in self._memory:
            if self._logs is None:
                self._logs = await self._stack.enter_async_context(self._opened())
            self._memory[key] = await ask(self._logs)
        return self._memory[key]


async def _all(logs: Logs, starts: Ends, ends: Ends) -> Fetched:
    found: Fetched = []
    await logs.read(starts, ends, lambda tp, records: found.append((tp, records)))
    return found
