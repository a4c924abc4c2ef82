"""Which letters and events are asked for."""

from dataclasses import dataclass

from app.inputs.errors import InputError
from models.stage import InputRecord
from models.timestamps import to_ms


@dataclass(frozen=True, slots=True)
class Choice:
    """A filter; None or empty takes all.

    Attributes:
        code: Of dead letters.
        stage: Of late events: count or join.
        user: The userId.
        from_ms: Letters and events written from here on (Kafka's timestamp, epoch ms).
        to_ms: And before this.
    """

    code: str | None = None
    stage: str | None = None
    user: str | None = None
    from_ms: int | None = None
    to_ms: int | None = None

    def in_time(self, record: InputRecord) -> bool:
        """Whether a letter or event was written in the time asked for."""
        after = self.from_ms is None or record.timestamp >= self.from_ms
        return after and (self.to_ms is None or record.timestamp < self.to_ms)


def instant(name: str, text: str | None) -> int | None:
    """An option's time in epoch ms.

    Raises:
        InputError: It is none.
    """
    try:
        return None if text is None else to_ms(text)
    except ValueError:
        raise InputError(
            f"{name} is a time such as 2025-01-01T10:00:00Z; got {text!r}. Correct it."
        ) from None
