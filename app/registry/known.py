"""The schemas that this process knows of, and the wait for a registry that does not answer."""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from app.registry.client import RegistryClient, RegistryError
from app.registry.security import SchemaRegistry
from models.formats import Registered, format_of
from models.wire import Format, Formats

logger = logging.getLogger(__name__)

#: Seconds between two attempts to ask a registry that does not answer.
_RETRY_SECONDS = 1.0
#: Seconds between two sentences about it.
_SAY_SECONDS = 30.0
#: Schemas asked for at the same time.
_AT_ONCE = 8


class Source(Protocol):
    """Tells schemas."""

    async def schema(self, schema_id: int) -> Registered | None:
        """A schema by its id; None if it is not known. Raises RegistryError."""


class KnownSchemas:
    """The schemas that records named so far.

    A schema's id means the same for ever, so what is known is never asked for again. What the
    registry does not know is asked for again by the next step that needs it.

    Attributes:
        formats: The formats known.
    """

    def __init__(
        self,
        connect: Callable[[], AbstractAsyncContextManager[Source]],
        retry_seconds: float = _RETRY_SECONDS,
    ) -> None:
        """Know nothing yet.

        Args:
            connect: Reaches the registry.
            retry_seconds: Between two attempts.
        """
        self._formats: dict[int, Format] = {}
        self._troubles: dict[object, str] = {}
        self._connect = connect
        self._retry_seconds = retry_seconds
        self._said_at: float | None = None

    @property
    def formats(self) -> Formats:
        """The formats known; one that is known stays as it is."""
        return self._formats

    @property
    def trouble(self) -> str:
        """What the registry does not do, while somebody waits for it; else empty."""
        return next(iter(self._troubles.values()), "")

    async def learn(self, ids: Collection[int]) -> None:
        """Ask the registry for schemas, for as long as it takes."""
        left = self._unknown(ids)
        waiter = object()
        try:
            while left:
                await self._attempt(left, waiter)
            if self._troubles.keys() == {waiter}:
                logger.info("The schema registry answers again.")
        finally:
            self._troubles.pop(waiter, None)
            if not self._troubles:
                self._said_at = None

    async def ask(self, ids: Collection[int]) -> None:
        """Ask the registry for those of the schemas that are not known, once.

        Raises:
            RegistryError: It does not tell.
        """
        await self._ask(self._unknown(ids))

    def _unknown(self, ids: Collection[int]) -> set[int]:
        return set(ids) - self._formats.keys()

    async def _attempt(self, left: set[int], waiter: object) -> None:
        """Ask once; if the registry does not tell, say so and let some time pass."""
        try:
            await self._ask(left)
        except RegistryError as error:
            self._troubles[waiter] = str(error)
            self._say()
            await asyncio.sleep(self._retry_seconds)

    async def _ask(self, left: set[int]) -> None:
        """Ask for what is left, and take from it what the registry has told of."""
        turn = iter(sorted(left))
        async with self._connect() as source:
            workers = [self._ask_for(source, turn, left) for _ in range(_AT_ONCE)]
            for failed in await asyncio.gather(*workers, return_exceptions=True):
                if failed is not None:
                    raise failed

    async def _ask_for(self, source: Source, turn: Iterator[int], left: set[int]) -> None:
        for schema_id in turn:  # shared: each takes the next
            found = await source.schema(schema_id)
            if found is not None:
                self._formats[schema_id] = format_of(found)
            left.discard(schema_id)

    def _say(self) -> None:
        now = asyncio.get_running_loop().time()
        if self._said_at is None or now - self._said_at >= _SAY_SECONDS:
            logger.warning("%s Records in its format wait for it; others do not.", self.trouble)
            self._said_at = now


def known_schemas(settings: SchemaRegistry) -> KnownSchemas | None:
    """What is known of the registry that is set, nothing yet; None if none is set."""
    if settings.schema_registry is None:
        return None
    return KnownSchemas(lambda: RegistryClient.connected(settings))
