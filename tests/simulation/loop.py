"""An event loop with virtual time, whose callbacks belong to processes that can stop.

Time stands still while callbacks run, and jumps to the next timer when none is ready; there are no
sockets and no threads. A callback belongs to the process in whose context it was scheduled. A dead
process's callbacks never run, wherever it was waiting: that is a crash. (They are kept: a coroutine
that is collected would run its ``finally``.) Those of a frozen one run when it thaws: that is a
zombie.
"""

import asyncio
import heapq
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar
from dataclasses import dataclass
from typing import Any, TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

#: Callbacks after which a simulation is taken to run in circles.
_MOST_CALLBACKS = 2_000_000


class SimulationHangsError(AssertionError):
    """What should have come to an end goes on."""


@dataclass(eq=False)
class Process:
    """What crashes and freezes as a whole.

    Attributes:
        name: For the trace.
        alive: It has not crashed or ended.
        frozen: It stands still.
    """

    name: str
    alive: bool = True
    frozen: bool = False


#: The process that the running callback belongs to; the broker belongs to none.
OWNER: ContextVar[Process | None] = ContextVar("owner", default=None)


class SimLoop(asyncio.BaseEventLoop):
    """A loop that runs callbacks in the order of their virtual time, then of their scheduling.

    Attributes:
        errors: What the loop was told that nobody handled.
    """

    def __init__(self, deadline: float) -> None:
        """Begin at second 1,000: as on a real machine, the clock has no meaning.

        Args:
            deadline: Second at which the simulation is taken to hang.
        """
        super().__init__()
        self.errors: list[str] = []
        self._now = 1_000.0
        self._deadline = deadline
        self._timers: list[tuple[float, int, asyncio.Handle]] = []
        self._number = 0
        self._ran = 0
        self._over = False
        self._parked: list[tuple[Process, asyncio.Handle]] = []
        self._ready: deque[asyncio.Handle] = deque()
        self.set_exception_handler(self._note)

    def time(self) -> float:
        """Virtual seconds."""
        return self._now

    def call_at(
        self,
        when: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Schedule; of two of the same time the one scheduled first runs first."""
        timer = asyncio.TimerHandle(when, callback, args, self, context)
        self._number += 1
        heapq.heappush(self._timers, (when, self._number, timer))
        return timer

    def spawn(self, work: Coroutine[Any, Any, T], process: Process | None) -> asyncio.Task[T]:
        """Run something as a process's own (None: the broker's)."""
        context = Context()
        context.run(OWNER.set, process)
        return self.create_task(work, context=context)

    def after(self, seconds: float, callback: Callable[..., object], *args: Any) -> None:
        """Schedule something that belongs to no process."""
        self.call_at(self._now + seconds, callback, *args, context=_NOBODY)

    def tell(self, process: Process, seconds: float, callback: Callable[..., object]) -> None:
        """Schedule something that a process hears of."""
        context = Context()
        context.run(OWNER.set, process)
        self.call_at(self._now + seconds, callback, context=context)

    def thaw(self, process: Process) -> None:
        """Let a frozen process go on with what it was about to do."""
        process.frozen = False
        self._ready.extend(handle for owner, handle in self._parked if owner is process)
        self._parked = [parked for parked in self._parked if parked[0] is not process]

    def finish(self) -> None:
        """Cancel all that still runs, in dead processes too, and close."""
        self._over = True
        self._deadline += 1_000
        self._ready.extend(handle for _, handle in self._parked)
        while tasks := asyncio.all_tasks(self):
            for task in tasks:
                task.cancel()
            self.run_until_complete(asyncio.wait(tasks, timeout=100))
        self.close()

    def _run_once(self) -> None:
        ready = self._ready
        if not ready:
            self._advance()
        while ready and not self._stopping:  # type: ignore[attr-defined]  # BaseEventLoop's
            handle = ready.popleft()
            if handle.cancelled():
                continue
            process = handle._context.get(OWNER)  # type: ignore[attr-defined]  # Handle's own
            if process is None or self._over or (process.alive and not process.frozen):
                handle._run()
            else:
                self._parked.append((process, handle))
            self._ran += 1

    def _advance(self) -> None:
        if not self._timers:
            raise SimulationHangsError("Nothing is left to happen, and the work is not done.")
        when, _, handle = heapq.heappop(self._timers)
        self._now = max(self._now, when)
        self._ready.append(handle)
        if self._now > self._deadline or self._ran > _MOST_CALLBACKS:
            raise SimulationHangsError(
                f"After {self._now - 1_000:.0f} virtual seconds and {self._ran} callbacks the work "
                "is not done."
            )

    def _note(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self.errors.append(f"{context.get('message')}: {context.get('exception')!r}")

    def _write_to_self(self) -> None:
        """Nothing sleeps that would have to be woken."""


_NOBODY = Context()
