"""What was found: everything that is shown, and drawn."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.whatif.choice import Choice
from app.whatif.rerun import Joined, Rerun, Windows


@dataclass(frozen=True, slots=True)
class Found:
    """What other settings would have done.

    Attributes:
        choice: What was tried.
        windows: Of each size, with each grace.
        least_ms: The smallest grace with no more late clicks than wanted, by window size.
        joined: Of each grace, with each length of the join.
    """

    choice: Choice
    windows: Sequence[Windows]
    least_ms: dict[int, int]
    joined: Sequence[Joined]

    def is_now(self, one: Windows | Joined) -> bool:
        """Whether these are the settings of now."""
        grace_ms, size_ms, within_ms, join_grace_ms = self.choice.now
        if isinstance(one, Windows):
            return (one.grace_ms, one.size_ms) == (grace_ms, size_ms)
        return (one.grace_ms, one.within_ms) == (join_grace_ms, within_ms)

    def conversions(self, joined: Joined) -> int:
        """Conversions that are emitted: all pairs, or one for each purchase."""
        return joined.pairs if self.choice.attribution == "all" else joined.converted

    def gained(self, joined: Joined) -> int:
        """Conversions more than with the settings of now; fewer are less than none."""
        now = next(one for one in self.joined if self.is_now(one))
        return self.conversions(joined) - self.conversions(now)


def find(rerun: Rerun, choice: Choice, doing: Callable[[str], None]) -> Found:
    """Try everything.

    Args:
        rerun: The past, its times told.
        choice: What is to be tried.
        doing: Told what is computed next.
    """
    windows: list[Windows] = []
    least_ms = {}
    for size_ms in choice.sizes_ms:
        doing(f"windows of {size_ms:,} ms")
        windows += rerun.windows(size_ms, choice.graces_ms)
        least_ms[size_ms] = rerun.least_grace(choice.late_share)
    doing("the join")
    join_graces_ms = sorted({*choice.graces_ms, choice.now[3]})
    joined = rerun.joined(join_graces_ms, choice.withins_ms, choice.revise_ms)
    return Found(choice, windows, least_ms, joined)
