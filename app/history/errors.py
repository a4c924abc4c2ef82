"""What can keep a question about the past from being answered.

Below ``models.errors.ClickstreamError``::

    HistoryError    the history's file can't be used, or an option can't
    ├── Forgotten   the logs no longer reach back so far
    └── Stranger    the logs have nothing of a user
"""

from models.errors import ClickstreamError, shown
from models.timestamps import iso


class HistoryError(ClickstreamError):
    """The history's file can't be used, or an option is not what it must be."""


class Forgotten(HistoryError):  # noqa: N818 said of the past: it is forgotten.
    """The logs no longer reach back so far."""

    def __init__(self, topic: str, asked_ms: int, since_ms: int | None) -> None:
        """Say from when on there are answers.

        Args:
            topic: The log that was shortened.
            asked_ms: The time asked for.
            since_ms: The first time that can be answered for; None for none.
        """
        remedy = (
            f"Ask for {iso(since_ms)} or later"
            if since_ms is not None
            else "Ask again once something was written"
        )
        super().__init__(
            f"The past is answered from what {topic} still holds; its retention has deleted what "
            f"{iso(asked_ms)} needs. {remedy}, or give the topic a longer retention.ms."
        )


class Stranger(HistoryError):  # noqa: N818 said of a user: nobody knows them.
    """The logs have nothing of a user."""

    def __init__(self, user: bytes) -> None:
        """Say of whom."""
        super().__init__(
            "A user is known in the past while the logs have a record of theirs; "
            f"{shown(user.decode())} has none. Correct the id."
        )
