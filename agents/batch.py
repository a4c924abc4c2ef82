"""What the transport delivers: all records of one partition that one fetch brought."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import faust

from models.stage import InputRecord


@dataclass(frozen=True, slots=True)
class Batch:
    """Records of one partition, with the span of the log they stand for.

    Attributes:
        topic: Full name of the topic.
        partition: The partition.
        begin: Position of the consumer before the fetch. Offsets between this and the first
            record are control records, aborted or compacted away: no gap.
        end: Position after it.
        records: The records, in offset order; maybe none.
    """

    topic: str
    partition: int
    begin: int
    end: int
    records: Sequence[InputRecord]


class BatchSchema(faust.Schema[Any, Any]):
    """Passes batches through Faust's topics as they are."""

    def loads_key(self, app: Any, message: Any, **kwargs: Any) -> Any:
        """The message's key."""
        return message.key

    def loads_value(self, app: Any, message: Any, **kwargs: Any) -> Any:
        """The batch."""
        return message.value
