"""``python -m bench.history``: how long questions about the past take on a long history.

The history is made by SQL, of as many clicks as asked for by as many users in an hour, in the form
that filling gives it; filling is measured by what it does with records of clicks, without Kafka.
"""

import argparse
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from aiokafka import TopicPartition

from app.audit.arrivals import InnerArrivals
from app.history.past import Moment, Past
from app.history.reaching import history_of
from app.history.store import History
from app.settings import Settings
from app.stages import window_rules
from app.whatif.rerun import Rerun
from models.partitioning import partition_of
from models.timestamps import iso

#: When the clicks begin, and for how long they go on (ms).
_BEGIN_MS, _HOUR_MS = 1_764_324_000_000, 3_600_000
_QUESTIONS = 20
#: Records that filling is measured with.
_FILLED = 200_000

_CLICKS = """
INSERT INTO passed
SELECT 'clicks', p, i, at_ms, 'user-' || u, 'product-' || (hash(i) % 1000),
    at_ms - (hash(i + 1) % 60000)::BIGINT, at_ms, false, 'clicks', i % 8, i // 8, NULL, NULL
FROM (
    SELECT range AS i, w.u, w.p, $begin + range * $hour // $clicks AS at_ms
    FROM range($clicks) JOIN who w ON w.u = (hash(range) % $users)::BIGINT
)
"""


@dataclass(frozen=True, slots=True)
class Clicks:
    """Clicks as they come from Kafka."""

    partition: int
    offset: int
    timestamp: int
    key: bytes
    value: bytes
    headers: tuple[()] = ()


def main() -> None:
    """Make a history, ask it, and print how long that took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clicks", type=int, default=10_000_000)
    parser.add_argument("--users", type=int, default=100_000)
    options = parser.parse_args()
    settings = Settings()
    with tempfile.TemporaryDirectory(prefix="clickstream-history-") as directory:
        path = Path(directory) / "history.duckdb"
        with history_of(settings, path, worker=True) as history:
            rate = _fill(history)
            print(f"filling: {rate:,.0f} clicks/s, without Kafka")
            _make(history, settings, options.clicks, options.users)
            print(f"{options.clicks:,} clicks: {path.stat().st_size / 2**20:,.0f} MiB")
            _ask(history, settings, options.users)
            _try(history)


def _make(history: History, settings: Settings, clicks: int, users: int) -> None:
    history.execute("CREATE TEMP TABLE who (u BIGINT, p INTEGER)")
    partitions = settings.partitions
    named = ((number, f"user-{number}".encode()) for number in range(users))
    history.append("who", [(u, partition_of(name, partitions)) for u, name in named])
    sql = _CLICKS
    for name, value in {
        "users": users,
        "begin": _BEGIN_MS,
        "hour": _HOUR_MS,
        "clicks": clicks,
    }.items():
        sql = sql.replace(f"${name}", str(value))
    history.execute(sql)
    history.execute("CHECKPOINT")


def _fill(history: History) -> float:
    records = [_click(number) for number in range(_FILLED)]
    arrivals = InnerArrivals(history, "clicks")  # type: ignore[arg-type]  # as in filling.py
    began_s = time.perf_counter()
    for first in range(0, _FILLED, 1_000):
        arrivals.take(TopicPartition("enriched-clicks", 0), records[first : first + 1_000])
    arrivals.flush()
    seconds = time.perf_counter() - began_s
    history.execute("DELETE FROM passed")
    return _FILLED / seconds


def _click(number: int) -> Clicks:
    user, at = f"user-{number % 1_000}", iso(_BEGIN_MS + number)
    value = (
        f'{{"userId":"{user}","productId":"p-1","page":"/products/p-1","timestamp":"{at}",'
        f'"device":"desktop","browser":"Firefox","os":"Linux","bot":false,'
        f'"sourceRecord":"clicks-0-{number}","streamTime":"{at}"}}'
    )
    return Clicks(0, number, _BEGIN_MS + number, user.encode(), value.encode())


def _ask(history: History, settings: Settings, users: int) -> None:
    past = Past(history, window_rules(settings), settings.partitions)
    names = [f"user-{number * 7_919 % users}".encode() for number in range(_QUESTIONS)]
    for what, ask in (("counts", past.counts), ("conversions", past.outcomes)):
        for known in (False, True):
            times = []
            for number, user in enumerate(names):
                moment = Moment(_BEGIN_MS + _HOUR_MS * number // _QUESTIONS, known)
                began_s = time.perf_counter()
                ask(user, moment)
                times.append(time.perf_counter() - began_s)
            how = "known_at" if known else "as_of"
            middle, worst = statistics.median(times), max(times)
            print(f"{what} {how}: median {middle * 1000:,.0f} ms, worst {worst * 1000:,.0f} ms")


def _try(history: History) -> None:
    began_s = time.perf_counter()
    rerun = Rerun(history, {"clicks": 8, "purchases": 8}, 30_000, count_bots=True)
    rerun.tell_time(lambda: None)
    told_s = time.perf_counter()
    rerun.windows(300_000, [0, 30_000, 120_000, 600_000])
    done_s = time.perf_counter()
    print(f"whatif: {told_s - began_s:,.1f} s for stream times, then {done_s - told_s:,.1f} s for")
    print("    each window size with four graces")


if __name__ == "__main__":
    main()
