"""What tables tell, in the words of the recount."""

import json
from collections import Counter
from collections.abc import Iterable

from models.queries import RANKINGS, outcomes_of, ranking_of, summaries_of
from models.stage import Rows
from tests.models.reference import Values, Window, canonical

#: After all that happens.
_EVER = 1 << 62


def windows_told(tables: Iterable[Rows]) -> dict[int, Window]:
    """Windows, over all partitions of the counting stage, and where a summary is unfit for them."""
    found: dict[int, Window] = {}
    for rows in tables:
        for start_ms, summary in summaries_of(rows).items():
            told = {by: Counter(ranking_of(rows, by, start_ms)) for by in RANKINGS}
            told["unfit"] = Counter(
                clicks=abs(summary.clicks - told["users"].total()),
                users=abs(summary.users - len(told["users"])),
            )
            told["late"] = Counter({"": summary.late})
            window = found.setdefault(start_ms, {})
            for by, names in told.items():
                if +names:
                    window[by] = window.get(by, Counter()) + names
    return found


def outcomes_told(tables: Iterable[Rows], users: Iterable[str]) -> Values:
    """What came of users' purchases, by topic, over all partitions of the joining stage."""
    found: Values = {"conversion-events": Counter(), "unattributed-purchases": Counter()}
    names = [user.encode() for user in users]
    for rows in tables:
        for told in (outcomes_of(rows, user, 0, _EVER) for user in names):
            for topic, values in zip(found, told, strict=True):
                decoded = [json.loads(bytes(value)) for value in values]
                assert decoded == sorted(decoded, key=lambda value: value["purchaseTimestamp"])
                found[topic].update(map(canonical, decoded))
    return found
