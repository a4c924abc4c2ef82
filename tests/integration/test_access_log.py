"""A real web server's log, counted by the application and by hand.

The excerpt in tests/data; ``CLICKSTREAM_ACCESS_LOG`` names another log, such as the whole one.
"""

import json
import os
import re
from collections import Counter
from datetime import datetime
from pathlib import Path

from tests.integration.conftest import MakeCluster
from tests.integration.recount import iso

_EXCERPT = Path(__file__).parents[1] / "data" / "access-excerpt.log"
_LINE = re.compile(r'(\S+) \S+ \S+ \[([^\]]+)\] "[A-Z]+ .*"((?:[^"\\]|\\.)*)"')
_SIZE_MS, _GRACE_MS = 300_000, 120_000

Windows = Counter[tuple[str, int]]


def by_hand(log: Path) -> tuple[int, int, Windows]:
    """Count clicks by visitor (address and agent) and five minutes, with a regular expression.

    Returns:
        The lines, those that can't be read, and how many visitors have how many clicks in each
        window that is final at the log's highest time.
    """
    lines, unreadable, highest = 0, 0, 0
    counts: Counter[tuple[str, str, int]] = Counter()
    for line in log.read_text(errors="replace").splitlines():
        lines += 1
        if (match := _LINE.fullmatch(line)) is None:
            unreadable += 1
            continue
        address, time, agent = match.groups()
        at = int(datetime.strptime(time, "%d/%b/%Y:%H:%M:%S %z").timestamp()) * 1000
        highest = max(highest, at)
        counts[address, agent, at // _SIZE_MS * _SIZE_MS] += 1
    final = highest - _SIZE_MS - _GRACE_MS
    windows = Counter((iso(at), n) for (_, _, at), n in counts.items() if at <= final)
    return lines, unreadable, windows


def test_counts_of_a_real_log_equal_a_recount_by_hand(make_cluster: MakeCluster) -> None:
    """Every line is a click or a dead letter; every final window has the counts of the log."""
    log = Path(os.environ.get("CLICKSTREAM_ACCESS_LOG", _EXCERPT))
    lines, unreadable, expected = by_hand(log)
    cluster = make_cluster(IDLE_TIMEOUT="2s")
    loaded = cluster.command("load", str(log))
    assert loaded.returncode == 0, loaded.stderr
    cluster.worker()

    def found() -> Windows:
        counts = [json.loads(r.value) for r in cluster.read("click-counts")["click-counts"]]
        return Counter((c["windowStart"], c["clickCount"]) for c in counts)

    windows = cluster.until_outputs(found, expected, lambda wanted, got: wanted - got)
    read = cluster.read("clicks", "dead-letters", "late-events")
    assert (lines - unreadable, unreadable) == (len(read["clicks"]), len(read["dead-letters"]))
    assert [] == read["late-events"]
    assert expected == windows
