"""What the log tells of the stages: rebalances, and what was late or refused in a minute."""

import asyncio
from collections import Counter
from collections.abc import Sequence

import structlog

from agents.spec import Seconds
from agents.stage import StageTask
from models.dead_letters import DEAD_LETTERS
from models.stage import InputRecord, Step

log = structlog.stdlib.get_logger(__name__)

#: Seconds over which late records and dead letters are summed up.
SUM_UP_SECONDS = 60.0


class Journal:
    """An observer of the stages that writes the log; of records it tells their number alone."""

    def __init__(self) -> None:
        """Begin with nothing to tell."""
        self._late: Counter[str] = Counter()
        self._dead: Counter[str] = Counter()
        self._due: asyncio.TimerHandle | None = None

    def committed(
        self, task: StageTask, records: Sequence[InputRecord], step: Step, seconds: Seconds
    ) -> None:
        """Remember what was late or refused, to tell of it within the minute."""
        letters = step.outputs.get(DEAD_LETTERS, ())
        if not letters and not step.late_by_ms:
            return
        self._late[task.spec.name] += len(step.late_by_ms)
        self._dead.update(dict(letter.headers)["code"].decode() for letter in letters)
        if self._due is None:
            loop = asyncio.get_running_loop()
            self._due = loop.call_later(SUM_UP_SECONDS, self.sum_up)

    def sum_up(self) -> None:
        """Tell what was late or refused since this was last told, if anything was."""
        if self._due is None:
            return
        self._due.cancel()
        self._due = None
        log.info(
            "Some records were late or refused",
            late=dict(+self._late),
            dead_letters=dict(self._dead),
        )
        self._late.clear()
        self._dead.clear()

    def rebalanced(self, kept: int, taken: int, restored: int, seconds: float) -> None:
        """Tell of a rebalance."""
        log.info(
            "Partitions taken over",
            kept=kept,
            taken=taken,
            restored=restored,
            seconds=round(seconds, 3),
        )

    def failed(self, task: StageTask, error: BaseException) -> None:
        """Nothing: the engine says it."""
