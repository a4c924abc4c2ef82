"""What a stage with a table says of itself, in its changelog: the record under STATE_KEY."""

import json
from dataclasses import dataclass, field
from typing import Any

from app.audit.errors import AuditError

#: Key of the record; it comes last in every transaction.
STATE_KEY = b"\0state"
#: A stream time before anything was heard of.
NEVER_MS = -(1 << 62)

#: A row's key: ``w``, the window's start in eight bytes, the user.
_START = slice(1, 9)
_USER = slice(9, None)


@dataclass(frozen=True, slots=True)
class State:
    """A stage in one partition at one moment.

    Attributes:
        positions: Next offset by full name of the input topic.
        s_ms: Its stream time.
        latest: Stream time by input partition, as heard.
        closed_to: Rows below this key are final; empty for a stage without windows.
        ledger: What became of the records it read; None before it kept one.
    """

    positions: dict[str, int] = field(default_factory=dict)
    s_ms: int = NEVER_MS
    latest: dict[str, int] = field(default_factory=dict)
    closed_to: bytes = b""
    ledger: dict[str, Any] | None = None

    @property
    def closed(self) -> tuple[int, str]:
        """Window start (ms) and user of ``closed_to``."""
        start = int.from_bytes(self.closed_to[_START], "big")
        return start, self.closed_to[_USER].decode(errors="replace")


def state_of(value: bytes, place: str) -> State:
    """Read the record.

    Args:
        value: Its value.
        place: Whose it is, for the message.

    Raises:
        AuditError: It can't be read.
    """
    try:
        envelope = json.loads(value)
        stage = envelope["stage"]
        time = stage.get("time", stage)
        closed_to = bytes.fromhex(stage.get("closedTo", ""))
        positions = {str(topic): int(offset) for topic, offset in envelope["positions"].items()}
        latest = {str(q): int(ms) for q, ms in time["latest"].items()}
        return State(positions, int(time["value"]), latest, closed_to, envelope.get("ledger"))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise AuditError(
            f"The changelog's record \\0state tells where a stage stands; that of {place} can't be "
            f"read ({error!r}). Without it nothing can be compared: find out who wrote it."
        ) from None
