"""What is to be tried, from the command's options."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from app.fields import DAY_MS, duration_ms
from app.history.errors import HistoryError
from app.settings import Settings
from models.errors import shown

_SHARE = re.compile(r"(\d+(?:\.\d+)?)\s*%")
#: Values of one option at most: each costs a pass over all rows.
_MOST = 20
#: As long as a setting of these may be, in days.
_LONGEST_DAYS = 366


@dataclass(frozen=True, slots=True)
class Choice:
    """What is to be tried; times in ms, in their order, those of now among them.

    Attributes:
        graces_ms: Graces.
        sizes_ms: Window sizes.
        withins_ms: Lengths of the join.
        late_share: Clicks that may be late, 0 to 1, for the suggestion.
        now: Grace, window size, length and grace of the join as they are set.
        attribution: Which clicks become conversions.
        revise_ms: A record that is late by no more takes part in the join all the same.
    """

    graces_ms: Sequence[int]
    sizes_ms: Sequence[int]
    withins_ms: Sequence[int]
    late_share: float
    now: tuple[int, int, int, int]
    attribution: str
    revise_ms: int = 0


def choice_of(settings: Settings, grace: str, window: str, within: str, late: str) -> Choice:
    """Read the options.

    Raises:
        HistoryError: One is not what it must be.
    """
    now_ms = settings.grace_ms, settings.window_size_ms, settings.join_within_ms
    graces_ms, sizes_ms, withins_ms = (
        _durations(name, text, now, least)
        for name, text, now, least in zip(
            ("--grace", "--window", "--within"),
            (grace, window, within),
            now_ms,
            (0, 1, 1),
            strict=True,
        )
    )
    return Choice(
        graces_ms=graces_ms,
        sizes_ms=sizes_ms,
        withins_ms=withins_ms,
        late_share=_share(late),
        now=(*now_ms, settings.join_grace),
        attribution=settings.attribution.value,
        revise_ms=settings.revise_ms,
    )


def _durations(name: str, text: str, now_ms: int, least_ms: int) -> list[int]:
    try:
        found = {duration_ms(part) for part in text.split(",") if part.strip()}
    except ValueError:
        found = {-1}
    allowed = range(least_ms, _LONGEST_DAYS * DAY_MS + 1)
    if len(found) > _MOST or not all(ms in allowed for ms in found):
        raise HistoryError(
            f"{name} takes up to {_MOST} durations of {least_ms} ms to {_LONGEST_DAYS} days, "
            f"separated by commas; got {shown(text)}. Write them as 0s,30s,2m."
        )
    return sorted(found | {now_ms})


def _share(text: str) -> float:
    match = _SHARE.fullmatch(text.strip())
    share = float(match[1]) / 100 if match else -1.0
    if not 0 <= share < 1:
        raise HistoryError(
            f"--late is a share from 0% to below 100%; got {shown(text)}. Write it as 0.1%."
        )
    return share
