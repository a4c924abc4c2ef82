"""One partition's transactional producer: all that a step changes, or nothing.

Its transactional id names the stage and partition, so that creating it fences a former owner:
from then on nothing that the former owner has not committed can ever be committed.
"""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.structs import OffsetAndMetadata

from models.stage import Output

logger = logging.getLogger(__name__)

#: Bytes in one record batch at most; topics take 4 MiB.
_BATCH_BYTES = 1024 * 1024
_REQUEST_BYTES = 5 * 1024 * 1024
#: A produce request not answered for this long fails the batch (ms).
_REQUEST_TIMEOUT_MS = 5_000
#: The broker aborts a transaction left open for longer (ms): it holds up readers.
_TRANSACTION_TIMEOUT_MS = 30_000
_NO_HEADERS: list[tuple[str, bytes]] = []
#: Seconds that closing a producer may take before it is dropped.
_CLOSE_SECONDS = 5.0

Sends: TypeAlias = Mapping[tuple[str, int], Sequence[Output]]
Offsets: TypeAlias = Mapping[tuple[str, int], tuple[int, str]]


class TransactionalWriter:
    """A transactional producer that is used for one step at a time.

    After any error it must be discarded: only a new one, which fences it, tells what became of
    the transaction.
    """

    def __init__(self, transactional_id: str, group: str, **connection: Any) -> None:
        """Make a writer; :meth:`start` connects it.

        Args:
            transactional_id: Names the stage and partition within the cluster.
            group: Consumer group whose offsets it commits.
            connection: ``bootstrap_servers`` and security settings of the Kafka client.
        """
        self._group = group
        self._producer = AIOKafkaProducer(
            transactional_id=transactional_id,
            transaction_timeout_ms=_TRANSACTION_TIMEOUT_MS,
            request_timeout_ms=_REQUEST_TIMEOUT_MS,
            max_batch_size=_BATCH_BYTES,
            max_request_size=_REQUEST_BYTES,
            **connection,
        )

    async def start(self) -> None:
        """Connect and fence any former owner."""
        await self._producer.start()

    async def commit(self, sends: Sends, offsets: Offsets) -> dict[tuple[str, int], int]:
        """Send and commit everything in one transaction.

        Args:
            sends: Records by topic (full name) and partition.
            offsets: The group's next offset and its metadata by input topic and partition.

        Returns:
            The offset of the last record sent to each topic and partition.

        Raises:
            aiokafka.errors.KafkaError: Nothing was committed, or, from the commit itself, the
                outcome is unknown. Discard this writer.
        """
        await self._producer.begin_transaction()
        await self._announce(sends, offsets)
        now_ms = time.time_ns() // 1_000_000
        last: dict[tuple[str, int], asyncio.Future[Any]] = {}
        pending = []
        counts = {}
        for target, outputs in sends.items():
            for batch in self._batches(outputs, now_ms):
                last[target] = await self._producer.send_batch(
                    batch, target[0], partition=target[1]
                )
                last[target].add_done_callback(_heard)
                counts[target] = batch.record_count()
                pending.append(last[target])
        await asyncio.gather(*pending)  # aiokafka commits even if a batch failed
        await self._producer.commit_transaction()
        return {t: sent.result().offset + counts[t] - 1 for t, sent in last.items()}

    async def _announce(self, sends: Sends, offsets: Offsets) -> None:
        """Tell the coordinator all that the transaction is to hold, before any record is sent.

        Else the broker, which asks it about each batch of records, finds it busy with the rest and
        refuses the batch for the moment: a tenth of all transactions would wait for 100 ms.
        """
        told = self._producer._txn_manager  # noqa: SLF001 a batch at a time is all it offers
        for target in sends:
            told.maybe_add_partition_to_txn(TopicPartition(*target))
        if offsets:
            await self._producer.send_offsets_to_transaction(
                {TopicPartition(*tp): OffsetAndMetadata(*at) for tp, at in offsets.items()},
                self._group,
            )

    def _batches(self, outputs: Sequence[Output], now_ms: int) -> list[Any]:
        batches = []
        begin = 0
        while begin < len(outputs):
            batches.append(self._producer.create_batch())
            begin += _fill(batches[-1], outputs[begin:] if begin else outputs, now_ms)
        return batches

    async def close(self) -> None:
        """End it when no transaction is open."""
        try:
            await asyncio.wait_for(self._producer.stop(), _CLOSE_SECONDS)
        except Exception as error:  # noqa: BLE001 a producer that is given up may fail in any way
            logger.debug("A producer did not close: %r", error)

    def discard(self) -> asyncio.Task[None]:
        """Give it up after an error, in the background; the next fence ends its transaction."""
        return asyncio.get_running_loop().create_task(self.close())


def _fill(batch: BatchBuilder, outputs: Sequence[Output], now_ms: int) -> int:
    """Append outputs as far as they fit; the first does always. Returns how many.

    It appends to what is within aiokafka's batch, which checks and wraps every record: that costs
    as much as writing it.
    """
    append, number = batch._builder.append, 0  # noqa: SLF001 see above
    for key, value, _, headers in outputs:
        if append(number, now_ms, key, value, list(headers) if headers else _NO_HEADERS) is None:
            break
        number += 1
    batch._relative_offset = number  # noqa: SLF001 its count of records
    return number


def _heard(sent: asyncio.Future[Any]) -> None:
    """Take note of a failure that nobody awaits any more: the first one ended the step."""
    if not sent.cancelled():
        sent.exception()
