"""The ledger of a stage in one partition: what became of every record that it read.

Each record becomes one thing: counted, late, skipped, a dead letter and so on, so that always
``read = sum of became``. The ledger is committed in the transaction of the outputs; a step whose
sum is broken is not committed at all.
"""

from msgspec import Struct, field

from models.dead_letters import DEAD_LETTERS
from models.errors import LedgerBroken
from models.stage import Step


class Ledger(Struct):
    """Counts over a stage's life in one partition.

    Attributes:
        read: Records in.
        became: What became of them: a name, and for how many.
        sent: Records out, by short topic name.
        lost: Offsets that retention deleted before they were read.
    """

    read: int = 0
    became: dict[str, int] = field(default_factory=dict)
    sent: dict[str, int] = field(default_factory=dict)
    lost: int = 0

    @property
    def balanced(self) -> bool:
        """Whether every record read became one thing."""
        return self.read == sum(self.became.values())

    def book(self, read: int, step: Step) -> None:
        """Enter a step.

        Args:
            read: Records that the step was given.
            step: What followed from them; its dead letters are counted among its outputs.

        Raises:
            LedgerBroken: A record became nothing, or more than one thing.
        """
        became = step.became | {"deadLetters": len(step.outputs.get(DEAD_LETTERS, ()))}
        if sum(became.values()) != read:
            raise LedgerBroken(
                f"Every record that a stage reads becomes one thing; of {read} records read, "
                f"{sum(became.values())} became something: {became}. Nothing of this step was "
                "committed. It is a fault of the application: report it, with this line."
            )
        self.read += read
        _add(self.became, became)
        _add(self.sent, {topic: len(outputs) for topic, outputs in step.outputs.items()})

    def __add__(self, other: "Ledger") -> "Ledger":
        total = Ledger(self.read + other.read, dict(self.became), dict(self.sent))
        _add(total.became, other.became)
        _add(total.sent, other.sent)
        total.lost = self.lost + other.lost
        return total


def _add(counts: dict[str, int], more: dict[str, int]) -> None:
    for name, count in more.items():
        if count:
            counts[name] = counts.get(name, 0) + count
