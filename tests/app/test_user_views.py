"""Laws of the views of a user's rows: what they cut, and whom they ask."""

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, cast

import msgspec
import pytest
from aiohttp.test_utils import make_mocked_request
from msgspec import Raw
from yarl import URL

from agents.spec import Envelope
from app.answers import Unavailable, Unknown
from app.peers import ROUTED
from app.reading import SLICE_ROWS
from app.settings import Settings
from app.views import clicks, conversions, counts
from models.join import ClickKeys, JoinRules
from models.ledger import Ledger
from models.outcomes import CONVERSION, UNATTRIBUTED, hour_of, user_prefix
from models.partitioning import partition_of
from models.rankings import SUMMARY, window_key
from models.watermark import StreamTimeState
from models.windows import CountingState, row_key
from tables.store import STATE_KEY
from tests.app.fake_engine import FakeEngine, FakeTask
from tests.models.fakes import DictRows

M5, HOUR = 300_000, 3_600_000
T10_MS = 1_704_103_200_000  # 2024-01-01T10:00:00Z
USER, PARTITION = "a/b", partition_of(b"a/b", 8)
ME, OTHER = URL("http://me:1"), URL("http://other:2")


@dataclass
class FakePeers:
    """Two workers, one of which owns all, and answers so.

    Attributes:
        owner: It.
        answer: Its answer.
        asked: What it was asked.
    """

    owner: URL | None = OTHER
    answer: tuple[int, bytes] = (200, b"{}")
    asked: list[tuple[URL, str, dict[str, str]]] = field(default_factory=list)
    me: URL = ME

    def owners(self, table: str) -> dict[int, URL]:
        """Who owns the table's partitions."""
        return {} if self.owner is None else dict.fromkeys(range(8), self.owner)

    async def ask(
        self, worker: URL, raw_path: str, query: dict[str, str], method: str, seconds: float
    ) -> tuple[int, bytes]:
        """Answer as set."""
        assert "GET" == method
        self.asked.append((worker, raw_path, query))
        return self.answer


class FakeApp:
    """An application whose worker has these rows."""

    def __init__(self, table: str, rows: dict[bytes, bytes] | None) -> None:
        self.settings = Settings()
        tasks = () if rows is None else (FakeTask(DictRows(rows), PARTITION, table),)
        self.engine = FakeEngine(*tasks)
        self.peers = FakePeers()


def asked(module: Any, app: FakeApp, query: str = "", **headers: str) -> Any:
    """A view's answer about the user."""
    (view,) = module.views(cast("Any", app)).values()
    request = make_mocked_request(
        "GET", f"/x/a%2Fb?{query}", headers=headers, match_info={"user": USER}
    )
    return asyncio.run(view(request))


def found(module: Any, app: FakeApp, query: str = "") -> Any:
    """The same, decoded."""
    return json.loads(asked(module, app, query).body)


def counted(starts: Iterable[int], closed_to_ms: int = 0) -> FakeApp:
    """The user has one click in each of these windows, another user in the one before."""
    stage = CountingState(StreamTimeState(0, {}, {}, {}), row_key(closed_to_ms, b"").hex(), 0)
    state = Envelope("", {}, Ledger(), Raw(msgspec.json.encode(stage)))
    rows = {STATE_KEY: msgspec.json.encode(state)}
    for start in starts:
        rows[window_key(SUMMARY, start)] = b'{"clicks":1,"users":1,"late":0}'
        rows[row_key(start, USER.encode())] = b"1"
    return FakeApp("click-counts", rows)


def test_counts_of_more_windows_than_a_slice_are_all_there() -> None:
    """The newest so many are given, from an inclusive start to an exclusive end."""
    starts = [T10_MS + n * M5 for n in range(2 * SLICE_ROWS + 3)]
    app = counted(starts, starts[-2])
    windows = found(counts, app)["windows"]
    assert (1_000, "2024-01-01T10:00:00.000Z") == (
        len(windows),
        found(counts, app, f"to={T10_MS + 1}")["windows"][0]["windowStart"],
    )
    assert [True] * 998 + [False] * 2 == [window["final"] for window in windows]
    query = f"from={starts[1_500]}&to={starts[1_502]}"
    assert 2 == len(found(counts, app, query)["windows"])


def test_a_known_user_may_have_nothing_in_a_span() -> None:
    """An unknown one is not found."""
    assert [] == found(counts, counted([T10_MS]), f"from={T10_MS + 1}")["windows"]
    with pytest.raises(Unknown, match="'a/b' has none"):
        asked(counts, counted([]))


def clicked(count: int) -> FakeApp:
    """The user clicked so often, a second apart, on p and q in turn."""
    rows, keys = {}, ClickKeys(JoinRules(6 * 600_000, 0, 0))
    for n in range(count):
        _, key = keys.of(T10_MS + n * 1_000, USER.encode(), "pq"[n % 2], f"clicks-0-{n}")
        rows[key] = b"clicks-0-%d" % n
    return FakeApp("join-state", rows)


def test_clicks_are_the_newest_by_product() -> None:
    """Over buckets and slices."""
    products = found(clicks, clicked(3_000), "limit=3")["products"]
    given = {p["productId"]: [click["source"] for click in p["clicks"]] for p in products}
    assert {"p": ["clicks-0-2998"], "q": ["clicks-0-2997", "clicks-0-2999"]} == given
    assert "2024-01-01T10:49:58.000Z" == products[0]["clicks"][0]["timestamp"]
    every = found(clicks, clicked(700))["products"]
    assert [350, 350] == [len(product["clicks"]) for product in every]


def bought(*times: int) -> FakeApp:
    """The user converted at these times, and bought something else then."""
    rows = {}
    for at_ms in times:
        prefix = user_prefix(hour_of(at_ms), USER.encode()) + at_ms.to_bytes(8, "big")
        rows[prefix + CONVERSION + b"id"] = b'{"id":%d}' % at_ms
        rows[prefix + UNATTRIBUTED + b"id"] = b'{"not":%d}' % at_ms
    return FakeApp("join-state", rows)


def test_conversions_are_cut_by_purchase_time_and_number() -> None:
    """Over hours; the newest of each kind."""
    times = [T10_MS + n * HOUR // 2 for n in range(6)]
    app = bought(*times)
    whole = found(conversions, app)
    assert [{"id": at} for at in times] == whole["conversions"]
    assert [{"not": at} for at in times] == whole["unattributed"]
    cut = found(conversions, app, f"from={times[1]}&to={times[5]}&limit=3")
    assert [{"id": at} for at in times[2:5]] == cut["conversions"]
    assert [] == found(conversions, app, f"to={times[0]}")["conversions"]
    assert [] == found(clicks, app)["products"]


def test_a_user_that_the_join_never_met_is_not_found() -> None:
    """Neither by clicks nor by conversions."""
    for module in (clicks, conversions):
        with pytest.raises(Unknown, match="'a/b' has none"):
            asked(module, FakeApp("join-state", {}))


def test_the_owner_is_asked_for_what_is_not_here() -> None:
    """With path and query as they came; its answer is passed on, and when to ask again."""
    app = FakeApp("click-counts", None)
    app.peers.answer = (404, b'{"error":"x"}')
    answer = asked(counts, app, "limit=5&from=1")
    assert [(OTHER, "/x/a%2Fb", {"limit": "5", "from": "1"})] == app.peers.asked
    assert (404, b'{"error":"x"}', None) == (
        answer.status,
        answer.body,
        answer.headers.get("Retry-After"),
    )
    app.peers.answer = (503, b"{}")
    assert "1" == asked(counts, app).headers["Retry-After"]


@pytest.mark.parametrize(
    ("owner", "headers"), [(None, {}), (ME, {}), (OTHER, {ROUTED: "1"})], ids=str
)
def test_nobody_is_asked_about_a_partition_that_moves(
    owner: URL | None, headers: dict[str, str]
) -> None:
    """Without an owner, or with one that has it not yet; and no request is passed on twice."""
    app = FakeApp("click-counts", None)
    app.peers.owner = owner
    with pytest.raises(Unavailable, match=f"nobody answers for {PARTITION}: moving"):
        asked(counts, app, **headers)
    assert [] == app.peers.asked
