"""A worker: the real engine and stages, with what Faust does around them."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from aiokafka.errors import KafkaError, UnknownMemberIdError

from agents import counting, enrichment, joining
from agents.engine import Engine
from agents.spec import StageSpec
from agents.wiring import Wiring
from tests.simulation.broker import Broker, Link
from tests.simulation.case import APP_ID, Case, changelog_of
from tests.simulation.consumer import SimConsumer
from tests.simulation.disks import Disk, SimGateway
from tests.simulation.group import Assignment, Group
from tests.simulation.loop import Process

T = TypeVar("T")

#: Seconds as in the worker's recovery.
_RETRY_SECONDS = 1.0
_RECONCILE_SECONDS = 1.0
#: The stages that read each topic.
STAGES = {
    "clicks": ("enrichment",),
    "purchases": ("admission",),
    "enriched-clicks": ("counting", "joining"),
    "purchases-by-user": ("joining",),
}


@dataclass(frozen=True, slots=True)
class SimWiring(Wiring):
    """Adds the stages; the worker feeds them itself."""

    def add(self, spec: StageSpec) -> None:
        """Add a stage."""
        self.engine.add(spec)


@dataclass
class World:
    """What workers share.

    Attributes:
        crashes: Errors that ended a worker and should not have.
    """

    broker: Broker
    group: Group
    case: Case
    crashes: list[str] = field(default_factory=list)


class Worker:
    """One process of a worker, from its start to its end.

    Attributes:
        name: The machine's name.
        disk: The machine's disk.
        process: The process.
        link: Its connection to the broker.
        engine: Its engine.
        consumer: Its consumer.
        assignment: What it owns; None before it has joined.
        ready: It has taken over what it owns.
        leaving: It is about to end in order.
    """

    def __init__(self, world: World, name: str, number: int, disk: Disk) -> None:
        self.name, self.disk, self.world = name, disk, world
        self.process = Process(f"{name}.{number}")
        self.link = Link(world.broker, self.process)
        self.assignment: Assignment | None = None
        self.ready = False
        self.leaving = False
        self._joins = 0
        self._revoked = asyncio.Event()
        self._recovery: asyncio.Task[None] | None = None
        self.consumer = SimConsumer(self.link, STAGES)
        self.consumer.hear_rejoin = self._revoked.set
        self.engine = self._new_engine(world.case)
        self.consumer.engine = self.engine

    def _new_engine(self, case: Case) -> Engine:
        engine = Engine(
            app_id=APP_ID,
            partitions=case.partitions,
            inputs=["clicks", "purchases"],
            commit_interval_ms=case.commit_interval_ms,
            topic=str,
            changelog=changelog_of,
            crash=self._crash,
            gateway=SimGateway(APP_ID, self.link, self.disk),
        )
        engine.connect(self.consumer)
        wiring = SimWiring(None, engine, str)  # type: ignore[arg-type]  # there is no Faust
        enrichment.register(
            wiring, case.intake("enriched-clicks"), case.intake("purchases-by-user")
        )
        counting.register(wiring, case.windows, case.idle_timeout_ms)
        joining.register(wiring, case.join, case.idle_timeout_ms)
        return engine

    def start(self) -> None:
        """Begin, as a process of its own."""
        random = self.world.broker.random
        self.consumer.lag = random.choice(self.world.case.lags)
        self._main = self.world.broker.loop.spawn(self._run(), self.process)

    def hear_rebalance(self) -> None:
        """Give up what it has, and join anew; while the link is cut it hears nothing."""
        if self.link.up:
            self._revoked.set()
        else:
            self.world.broker.loop.tell(self.process, 0.3, self.hear_rebalance)

    def leave(self) -> None:
        """End in order."""
        self.leaving = True
        self._revoked.set()

    async def _run(self) -> None:
        tasks = [asyncio.create_task(self.consumer.run()), asyncio.create_task(self._reconcile())]
        tasks += [asyncio.create_task(self._agent(stage)) for stage in self.consumer.queues]
        while not self.leaving:
            if (assignment := await self._join()) is not None:
                self._assigned(assignment)
                await self._revoked.wait()
                await self._revoke()
            self._revoked.clear()
        await self.engine.close()
        self.world.broker.note(self.process.name, "left")
        self.process.alive = False
        self.world.group.leave(self)

    async def _join(self) -> Assignment | None:
        self._joins = number = self._joins + 1

        def join() -> asyncio.Future[Assignment | None]:
            if number != self._joins:
                raise UnknownMemberIdError  # a former request, long on its way
            return self.world.group.join(self)

        try:
            answer = await self.link.call("join", join)
        except KafkaError:
            await asyncio.sleep(0.3)
            return None
        return await answer

    def _assigned(self, assignment: Assignment) -> None:
        self.assignment = assignment
        self.consumer.assign(assignment.actives)
        self._recovery = asyncio.create_task(self._recover(assignment))

    async def _revoke(self) -> None:
        self.ready = False
        if self._recovery is not None:
            self._recovery.cancel()
        self.consumer.flowing = False
        if self.world.broker.random.random() < 0.7:
            self.consumer.clear()
        self.world.broker.note(self.process.name, "revoked")

    async def _recover(self, assignment: Assignment) -> None:
        try:
            await self._take_over(assignment)
        except Exception as error:  # noqa: BLE001 an error in recovery ends the worker
            await self._crash(error)

    async def _take_over(self, to: Assignment) -> None:
        some_go_on = await _until_kafka_answers(
            lambda: self.engine.rebalance(to.actives, to.standbys, to.generation)
        )
        if some_go_on:
            await self._flow()
        new = await _until_kafka_answers(self.engine.take_over)
        if some_go_on:
            await self.consumer.go_to(new)
        else:
            await self._flow()

    async def _flow(self) -> None:
        await self.consumer.go_to(self.engine.delivery.expected())
        self.consumer.resume()
        self.ready = True
        self.world.broker.note(self.process.name, "ready")

    async def _agent(self, stage: str) -> None:
        queue = self.consumer.queues[stage]
        while True:
            await self.engine.delivery.deliver(stage, await queue.get())

    async def _reconcile(self) -> None:
        while True:
            await asyncio.sleep(_RECONCILE_SECONDS)
            if self.ready:
                await self.engine.delivery.reconcile()

    async def _crash(self, error: BaseException) -> None:
        self.world.crashes.append(f"{self.process.name}: {error!r}")
        self.process.alive = False


async def _until_kafka_answers(attempt: Callable[[], Awaitable[T]]) -> T:
    while True:
        try:
            return await attempt()
        except (KafkaError, ConnectionError, TimeoutError):
            await asyncio.sleep(_RETRY_SECONDS)
