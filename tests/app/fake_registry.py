"""A schema registry in memory."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.registry.client import RegistryError
from models.formats import Registered


class FakeSource:
    """A registry that does not answer for a while."""

    def __init__(self, schemas: dict[int, str]) -> None:
        self.schemas = schemas
        self.failures = 0
        self.failing: set[int] = set()
        self.at_a_time = 1_000
        self.asked: list[int] = []
        self._answers_left = 0

    async def schema(self, schema_id: int) -> Registered | None:
        """A schema."""
        self.asked.append(schema_id)
        self._answers_left -= 1
        if self.failures or schema_id in self.failing or self._answers_left < 0:
            self.failures = max(self.failures - 1, 0)
            raise RegistryError("The schema registry must answer; it does not. Start it.")
        text = self.schemas.get(schema_id)
        return None if text is None else Registered(schema_id, "JSON", text)

    @asynccontextmanager
    async def connected(self) -> AsyncIterator["FakeSource"]:
        """Itself."""
        self._answers_left = self.at_a_time
        yield self
