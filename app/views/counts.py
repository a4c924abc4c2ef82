"""``GET /counts/{user}``: how often a user clicked, by window."""

from collections import deque
from functools import partial
from typing import TYPE_CHECKING

from app.answers import Unknown
from app.history.past import Moment, Past, window_json
from app.reading import Reading
from app.stages import window_rules
from app.topics import CLICK_COUNTS
from app.views.asking import Span
from app.views.owned import of_user
from app.views.past import since, with_past
from models.errors import shown
from models.queries import Count, Json, counts_in, window_told
from models.rankings import SUMMARY, window_key
from models.windows import WindowRules, row_key, row_parts

if TYPE_CHECKING:
    from app.bootstrap import App
    from app.views import View

#: A key and its count; the key tells the window.
_Row = tuple[bytes, Count]


def views(app: "App") -> dict[str, "View"]:
    """The view."""

    async def counts(reading: Reading, user: bytes, span: Span) -> Json:
        closed_to = reading.closed_to
        rules = window_rules(app.settings)
        rows, known = await _rows(reading, rules, user, span)
        if not known:
            raise Unknown(
                f"A user is known while a window with clicks is kept; {shown(user.decode())} has "
                "none. Correct the id, or ask again after the next click."
            )
        told = [window_told(rules, closed_to, key, count) for key, count in rows]
        return {"windows": [window for window in told if window]}

    present = of_user(app, CLICK_COUNTS, counts, "from", "to", "limit")
    return {"/counts/{user}": with_past(app, present, _past)}


def _past(past: Past, user: bytes, moment: Moment, span: Span) -> Json:
    found = past.counts(user, moment)
    windows = [window_json(w) for w in found.windows if span.from_ms <= w[0] < span.to_ms]
    return {"windows": windows[-span.limit :], **since(found.since_ms)}


async def _rows(
    reading: Reading, rules: WindowRules, user: bytes, span: Span
) -> tuple[deque[_Row], bool]:
    """The user's rows in the span, oldest first, and whether there are any at all.

    Where a user has a row, or revisions, the window has a summary: a scan of these tells the keys.
    """
    within, known = deque[_Row](maxlen=span.limit), False
    async for summaries in reading.scan(window_key(SUMMARY, 0), SUMMARY + b"\xff" * 9):
        keys = [row_key(row_parts(key)[0], user) for key, _ in summaries]
        found = reading.read(partial(counts_in, rules=rules, keys=keys))
        for key, count in zip(keys, found, strict=True):
            if any(count):
                known = True
                if span.from_ms <= row_parts(key)[0] < span.to_ms:
                    within.append((key, count))
    return within, known
