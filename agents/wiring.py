"""How a stage becomes a Faust agent."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import faust

from agents.batch import BatchSchema
from agents.engine import Engine
from agents.spec import Schemas, StageSpec


@dataclass(frozen=True, slots=True)
class Wiring:
    """What every agent's ``register`` is given.

    Attributes:
        app: The Faust application.
        engine: The stages of this worker.
        topic: Gives a topic's full name.
        schemas: Those of the schema registry; None: there is no registry.
    """

    app: faust.App
    engine: Engine
    topic: Callable[[str], str]
    schemas: Schemas | None = None

    def add(self, spec: StageSpec) -> None:
        """Add a stage, and the agent that feeds it."""
        engine = self.engine
        engine.add(spec)
        source = self.app.topic(*spec.inputs, schema=BatchSchema(), acks=False)

        @self.app.agent(source, name=spec.name)
        async def agent(batches: Any) -> None:
            async for batch in batches:
                await engine.delivery.deliver(spec.name, batch)
