"""The whole cluster's status, asked of all workers; and this worker's health."""

import asyncio
import contextlib
import time
from http import HTTPStatus
from typing import TYPE_CHECKING

import msgspec
from yarl import URL

from app.answers import Unavailable
from app.status.merging import merge
from app.status.problems import Condition
from app.status.pulse import Pulse
from app.status.reporting import Reporter
from app.status.shape import Health, State, Status, Worker
from app.status.watchdog import Sight, Watchdog
from models.windows import WindowRules

if TYPE_CHECKING:
    from app.bootstrap import App

#: Seconds that an answer about the whole cluster holds: many may ask at once.
_FRESH_SECONDS = 0.5
#: Seconds between looks at the tasks' progress.
_LOOK_SECONDS = 1.0
#: Seconds that Kafka may take to accept a connection.
_CONNECT_SECONDS = 2.0


class Cluster:
    """What this worker knows of itself and of the others.

    Attributes:
        condition: What the last look at this worker's tasks found.
    """

    def __init__(self, app: "App", rules: WindowRules) -> None:
        """Observe an app's engine."""
        self.condition = Condition()
        self._app = app
        pulse = Pulse(app.settings.join_within_ms)
        app.engine.observers.append(pulse)
        self._reporter = Reporter(app, pulse, rules)
        self._watchdog = Watchdog()
        self._asking = asyncio.Lock()
        self._known: tuple[float, Status] | None = None

    def mine(self) -> Status:
        """This worker's part."""
        return self._reporter.report(self.condition)

    def health(self) -> Health:
        """Whether this worker is well."""
        return self._reporter.health(self.condition)

    async def whole(self) -> Status:
        """The whole cluster, not older than half a second."""
        async with self._asking:
            if self._known is None or time.monotonic() - self._known[0] > _FRESH_SECONDS:
                self._known = (time.monotonic(), await self._ask_all())
            return self._known[1]

    async def _ask_all(self) -> Status:
        others = [url for url in self._app.peers.workers() if url != self._app.peers.me]
        answers = await asyncio.gather(*(self._ask(url) for url in others))
        parts = [self.mine(), *(a for a in answers if isinstance(a, Status))]
        unreachable = [answer for answer in answers if isinstance(answer, Worker)]
        return merge(parts, unreachable, self._reporter.places())

    async def _ask(self, url: URL) -> Status | Worker:
        try:
            status, body = await self._app.peers.ask(url, "/status", {"scope": "worker"})
            if status != HTTPStatus.OK:
                raise Unavailable(f"{url} answers {status}: see its log.")  # noqa: TRY301
            part = msgspec.json.decode(body, type=Status)
        except (Unavailable, msgspec.DecodeError) as error:
            return Worker(str(url), asked=False, state=State.UNREACHABLE, error=str(error))
        for worker in part.workers:
            worker.asked = False
        return part

    async def watch(self) -> None:
        """Look at this worker's tasks again and again, until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            self.condition = await self._found()

    async def _found(self) -> Condition:
        engine = self._app.engine
        # To start the worker anew would not help those that wait for the schema registry.
        tasks = [task for task in engine.tasks if not task.preparation]
        registry = self._app.schemas.trouble if self._app.schemas is not None else ""
        sights = {repr(t): Sight(tuple(t.positions.values()), engine.lag_of(t)) for t in tasks}
        stalled = self._watchdog.look(sights, time.monotonic())
        deaf = not tasks or any(sight.lag is None for sight in sights.values())
        waiting = deaf and not await self._kafka_answers()
        return Condition({} if waiting else stalled, waiting, registry)

    async def _kafka_answers(self) -> bool:
        for server in self._app.settings.bootstrap_servers.split(","):
            host, _, port = server.rpartition(":")
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(_CONNECT_SECONDS):
                    _, writer = await asyncio.open_connection(host, int(port))
                    writer.close()
                    return True
        return False
