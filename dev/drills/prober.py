"""How long partitions stood still: seen from outside, several times a second.

A partition of a stage is unavailable from the first look that shows input waiting for it until the
look that shows its next commit. Of stages without a table both are exact: the group's offset and
the input's end. Of stages with a table a commit is seen by the growth of the changelog partition
(the marker of a transaction that a fence aborted counts, too), and input by the inner topics'.
"""

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from app.topics import CLICKS, ENRICHED_CLICKS, PURCHASES, PURCHASES_BY_USER
from dev.demo.site import Site
from dev.drills.load import INPUT_PARTITIONS
from dev.drills.settings import PARTITIONS, changelogs

_ANSWER_S = 2.0
"""Seconds after which an answer is not waited for any more."""


@dataclass(slots=True)
class Partition:
    """One partition of one stage, as seen so far.

    Attributes:
        stage: Its stage.
        number: Its number.
        committed: What the last commit left: an offset.
        longest_s: The longest time for which input waited.
    """

    stage: str
    number: int
    committed: int = -1
    longest_s: float = 0.0
    _waiting_since_s: float | None = None

    def see(self, now_s: float, committed: int, *, waiting: bool) -> None:
        """Take a look into account.

        Args:
            now_s: When.
            committed: The offset that shows commits by growing.
            waiting: Whether there is input beyond it.
        """
        if committed != self.committed:
            if self._waiting_since_s is not None:
                self.longest_s = max(self.longest_s, now_s - self._waiting_since_s)
            self.committed, self._waiting_since_s = committed, None
        if waiting and self._waiting_since_s is None:
            self._waiting_since_s = now_s


class Prober:
    """Looks at all partitions again and again.

    Attributes:
        partitions: What was seen of each.
        ends: Ends of the input topics' partitions at the last look.
        behind: Input records that the stateless stages have not committed, at the last look.
    """

    def __init__(self, site: Site, every_s: float) -> None:
        """Watch a site every so many seconds."""
        self.partitions: dict[tuple[str, int], Partition] = {}
        self.ends: dict[tuple[str, int], int] = {}
        self.behind = 0
        self._site = site
        self._every_s = every_s
        self._fed: dict[tuple[str, int], int] = {}
        self._inputs = _all(site, INPUT_PARTITIONS)
        counts = dict.fromkeys((ENRICHED_CLICKS, PURCHASES_BY_USER), PARTITIONS)
        self._inner = _all(site, counts)
        self._changelogs = {
            TopicPartition(name, p): (stage, p)
            for name, stage in zip(changelogs(site), ("counting", "joining"), strict=True)
            for p in range(PARTITIONS)
        }

    @property
    def longest_s(self) -> float:
        """The longest time any partition stood still."""
        return max((p.longest_s for p in self.partitions.values()), default=0.0)

    def forget(self) -> None:
        """Forget how long partitions stood still so far."""
        for partition in self.partitions.values():
            partition.longest_s = 0.0

    @property
    def records(self) -> int:
        """Records in the input topics."""
        return sum(self.ends.values())

    @property
    def logs(self) -> tuple[int, ...]:
        """How far all stages have come: unchanged while nothing happens."""
        return tuple(p.committed for p in self.partitions.values())

    async def run(self) -> None:
        """Look, for ever; while the broker is gone, time passes."""
        while True:
            with suppress(KafkaError, OSError, TimeoutError):
                await self._watch()
            await asyncio.sleep(self._every_s)

    async def _watch(self) -> None:
        servers = self._site.broker.bootstrap
        consumer = AIOKafkaConsumer(bootstrap_servers=servers, isolation_level="read_committed")
        admin = AIOKafkaAdminClient(bootstrap_servers=servers)
        try:
            await asyncio.wait_for(asyncio.gather(consumer.start(), admin.start()), _ANSWER_S)
            while True:
                await asyncio.wait_for(self._look(consumer, admin), _ANSWER_S)
                await asyncio.sleep(self._every_s)
        finally:
            await asyncio.gather(consumer.stop(), admin.close(), return_exceptions=True)

    async def _look(self, consumer: AIOKafkaConsumer, admin: AIOKafkaAdminClient) -> None:
        asked = [*self._inputs, *self._inner, *self._changelogs]
        group = f"{self._site.prefix}app"
        ends, offsets = await asyncio.gather(
            consumer.end_offsets(asked),
            admin.list_consumer_group_offsets(group, partitions=list(self._inputs)),
        )
        if len(offsets) < len(self._inputs):
            return  # the group's coordinator is loading: the client passes over that
        now_s = time.monotonic()
        self.behind = 0
        for tp, (short, number) in self._inputs.items():
            stage = {CLICKS: "enrichment", PURCHASES: "admission"}[short]
            committed = max(offsets[tp].offset, 0)
            self.ends[short, number] = ends[tp]
            self.behind += ends[tp] - committed
            self._see(now_s, stage, number, committed, waiting=ends[tp] > committed)
        for tp, (stage, number) in self._changelogs.items():
            fed = self._input_of(stage, number, ends)
            at = (stage, number)
            if at not in self.partitions or self.partitions[at].committed != ends[tp]:
                self._fed[at] = fed
            self._see(now_s, stage, number, ends[tp], waiting=fed > self._fed[at])

    def _see(self, now_s: float, stage: str, number: int, committed: int, *, waiting: bool) -> None:
        at = (stage, number)
        if at not in self.partitions:
            self.partitions[at] = Partition(stage, number, committed)
        self.partitions[at].see(now_s, committed, waiting=waiting)

    def _input_of(self, stage: str, number: int, ends: Mapping[TopicPartition, int]) -> int:
        shorts = (ENRICHED_CLICKS,) if stage == "counting" else (ENRICHED_CLICKS, PURCHASES_BY_USER)
        return sum(ends[TopicPartition(self._site.topic(short), number)] for short in shorts)


def _all(site: Site, counts: Mapping[str, int]) -> dict[TopicPartition, tuple[str, int]]:
    return {
        TopicPartition(site.topic(short), number): (short, number)
        for short, count in counts.items()
        for number in range(count)
    }
