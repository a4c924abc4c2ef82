"""What if is what the pure stages would have done, whatever the traffic."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate, chain
from pathlib import Path
from typing import TypeAlias

import pytest
from aiokafka import TopicPartition
from hypothesis import given, settings
from hypothesis import strategies as st

from app.audit.arrivals import InnerArrivals
from app.history.store import History
from app.settings import Settings
from app.whatif.choice import choice_of
from app.whatif.rerun import Joined, Rerun, Windows
from models.counting import Counting
from models.join import JoinRules
from models.joining import Joining
from models.timestamps import from_iso
from models.watermark import StreamTime
from models.windows import ROW, WindowRules
from tests.models.fakes import BY_USER, ENRICHED, Record, Task
from tests.models.pipeline import TIMEOUT
from tests.models.strategies import _CLICKS, _PURCHASES, Case, _inputs, _log, cases
from tests.models.test_properties import ran

GRACES, WITHINS = (0, 3, 12), (1, 12, 30)
_NEVER = 1 << 62
_KINDS = {ENRICHED: "clicks", BY_USER: "purchases"}
_CONSTANTS: Mapping[str, str | bool] = {
    "clicks_topic": "clicks",
    "purchases_topic": "purchases",
    "rank_pages": False,
}


#: Two partitions of each input, so that one partition's time holds the other's back.
_TWO = st.builds(
    _inputs,
    st.lists(_log(_CLICKS), min_size=2, max_size=2),
    st.lists(_log(_PURCHASES), min_size=2, max_size=2),
)
_CASES = st.builds(replace, cases(TIMEOUT, 3 * TIMEOUT), inputs=_TWO, partitions=st.just(1))
_SIZES = {"clicks": 2, "purchases": 2}

#: Inner logs of a run, by topic.
Logs: TypeAlias = Mapping[str, Sequence[Record]]


@pytest.fixture(scope="module")
def runs() -> list[Logs]:
    """The inner logs of hundreds of runs, with idle partitions, disorder and rubbish."""
    found: list[Logs] = []

    @settings(max_examples=200, deadline=None, database=None)
    @given(_CASES)
    def run(case: Case) -> None:
        logs = ran(case).logs
        found.append({topic: logs[topic, 0] for topic in _KINDS})

    run()
    return found


@pytest.mark.parametrize(("percent", "late"), [("0.7%", 7), ("29%", 290), ("0.69%", 6)])
def test_the_least_grace_lets_as_many_be_late_as_were_allowed(
    tmp_path: Path, percent: str, late: int
) -> None:
    """To the last one: of a thousand clicks, 0.7 % are seven."""
    with History(tmp_path / "history.duckdb", _CONSTANTS, {"threads": 1}) as history:
        history.execute(
            "INSERT INTO passed (kind, p, o, appended_ms, user_id, event_ms, stream_ms, bot) "
            "SELECT 'clicks', 0, range, range, 'ann', 0, 10 + range, false FROM range(1000)"
        )
        made = Rerun(history, _SIZES, TIMEOUT, count_bots=True)
        made.windows(10, GRACES)
        share = choice_of(Settings(), "", "", "", percent).late_share
        assert 1_000 - late == made.least_grace(share)


@pytest.fixture(scope="module")
def rerun(runs: Sequence[Logs], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rerun]:
    """A rerun of all of them: each is a partition."""
    path = tmp_path_factory.mktemp("whatif") / "history.duckdb"
    with History(path, _CONSTANTS, {"threads": 1}) as history:
        for topic, kind in _KINDS.items():
            arrivals = InnerArrivals(history, kind)  # type: ignore[arg-type]  # as in filling.py
            for p, logs in enumerate(runs):
                if logs[topic]:
                    of_p = [replace(record, partition=p) for record in logs[topic]]
                    arrivals.take(TopicPartition(topic, p), of_p)
            arrivals.flush()
        made = Rerun(history, _SIZES, TIMEOUT, count_bots=False)
        made.tell_time(lambda: None)
        yield made


@dataclass
class _Seen:
    """What the counting stage did in all partitions.

    Attributes:
        opened: When a row was opened (1), and when so many closed (less than none).
        delays: From a window's end to its closing, in stream time.
        waits: The same, from the append of the first record behind its end.
    """

    late: int = 0
    counted: int = 0
    opened: list[tuple[int, int]] = field(default_factory=list)
    delays: list[int] = field(default_factory=list)
    waits: list[int] = field(default_factory=list)

    @property
    def peak(self) -> int:
        """Rows that were open at a time, at most."""
        changes = sorted(self.opened, key=lambda change: (change[0], -change[1]))
        return max(accumulate(change for _, change in changes), default=0)


def _stream(record: Record) -> int:
    if record.value is None:
        return int(dict(record.headers).get("stream-time") or -1)
    return from_iso(json.loads(record.value)["streamTime"])


def _watch(task: Task, log: Sequence[Record], size: int, seen: _Seen) -> None:
    """Let a stage take a log, one record at a time."""
    rows = 0
    for record in log:
        sent = task.run([record])
        had, rows = rows, len(task.rows.scan(ROW, ROW + b"\xff" * 9))
        seen.opened += [(record.timestamp, 1)] * (rows - had)
        finals = [json.loads(final.value or b"") for final in sent.get("click-counts", ())]
        seen.opened += [(record.timestamp, -1)] * len(finals)
        for start in {final["windowStart"] for final in finals}:
            end = from_iso(start) + size
            seen.delays.append(task.stage.stream_time_ms - end)
            behind = min((r.timestamp for r in log if _stream(r) >= end), default=_NEVER)
            if behind <= record.timestamp:  # else it was idleness that closed the window
                seen.waits.append(record.timestamp - behind)
    seen.late += task.ledger.became.get("late", 0)
    seen.counted += task.ledger.became.get("counted", 0)


def _windows(runs: Sequence[Logs], size: int, grace: int) -> Windows:
    """What the counting stage does with the inner logs."""
    rules = WindowRules(size, grace, 1 << 40, count_bots=False, rankings=())
    seen = _Seen()
    for logs in runs:
        task = Task(lambda rows: Counting(rules, StreamTime({"clicks": 2}, TIMEOUT), rows))
        _watch(task, logs[ENRICHED], size, seen)
    return Windows(
        size,
        grace,
        clicks=seen.late + seen.counted,
        late=seen.late,
        delay_ms=_quantiles(seen.delays),
        waited_ms=_quantiles(seen.waits),
        closed=len(seen.delays),
        peak_rows=seen.peak,
    )


def _quantiles(values: Sequence[int]) -> tuple[int, int] | None:
    ordered = sorted(values)
    middle, most = ((len(values) * hundredths + 99) // 100 - 1 for hundredths in (50, 99))
    return (ordered[middle], ordered[most]) if values else None


@pytest.mark.parametrize("size", [5, 10])
def test_other_windows_do_in_sql_what_the_counting_stage_does(
    runs: Sequence[Logs], rerun: Rerun, size: int
) -> None:
    """Late clicks, delays and open rows with every grace, of the same inner logs."""
    expected = [_windows(runs, size, grace) for grace in GRACES]
    assert all(windows.late and windows.closed for windows in expected)
    assert expected == rerun.windows(size, GRACES)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.2])
def test_the_least_grace_is_just_long_enough(
    runs: Sequence[Logs], rerun: Rerun, share: float
) -> None:
    """With it no more than the share is late, with a millisecond less there is."""
    rerun.windows(5, GRACES)
    least = rerun.least_grace(share)
    enough, less = (_windows(runs, 5, grace) for grace in (least, least - 1))
    assert enough.late_share <= share < less.late_share


def _joined(runs: Sequence[Logs], grace: int, within: int, revise: int) -> Joined:
    """What the joining stage does with the inner logs, one record at a time."""
    rules = JoinRules(within, grace, 1 << 40, revise_ms=revise)
    pairs, converted, purchases = 0, 0, 0
    for logs in runs:
        task = Task(lambda rows: Joining(rules, StreamTime(_SIZES, TIMEOUT), rows, BY_USER))
        for record in sorted(chain(*logs.values()), key=lambda record: record.timestamp):
            revised = task.ledger.became.get("revised", 0)
            task.run([record])
            if record.topic == BY_USER:
                purchases += task.ledger.became.get("revised", 0) - revised
        sent = task.sent.get("conversion-events", [])
        pairs += len(sent)
        converted += len({json.loads(one.value or b"")["purchase"] for one in sent})
        purchases += task.ledger.became.get("purchases", 0)
    return Joined(grace, within, pairs, converted, purchases)


@pytest.mark.parametrize("revise", [0, 5])
def test_another_join_finds_in_sql_what_the_joining_stage_finds(
    runs: Sequence[Logs], rerun: Rerun, revise: int
) -> None:
    """Pairs and purchases of every grace and within, with those that revise, if any do."""
    expected = [_joined(runs, grace, within, revise) for grace in GRACES for within in WITHINS]
    assert all(joined.converted for joined in expected)
    assert expected == rerun.joined(GRACES, WITHINS, revise)
