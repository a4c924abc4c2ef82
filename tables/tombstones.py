"""For how long a changelog tells that rows were deleted."""

import time

#: How long the changelog keeps tombstones (its ``delete.retention.ms``). A store that was away for
#: longer may have missed deletions, so it is built anew.
TOMBSTONES_KEPT_MS = 86_400_000
_MARGIN_MS = 3_600_000


def may_lack_tombstones(written_ms: int) -> bool:
    """Whether deletions may have left the changelog since rows were written last.

    So they may if that was in the future: by a clock that was wrong then, or is now.

    Args:
        written_ms: When that was (epoch ms).
    """
    away_ms = time.time_ns() // 1_000_000 - written_ms
    return not -_MARGIN_MS <= away_ms <= TOMBSTONES_KEPT_MS - _MARGIN_MS
