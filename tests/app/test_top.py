"""Laws of top's frame: it fits, and shows more where there is room."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import msgspec
import pytest
from aiohttp import web
from rich.console import Console

from app.settings import Settings
from app.status.shape import Histogram, Rules, Stage, State, Status, Window, Worker
from app.watching.frame import frame, short, span
from app.watching.listening import listen

URL = "http://127.0.0.1:6066"


def stage(name: str, partition: int) -> Stage:
    """A stage in one partition, behind."""
    return Stage(
        stage=name,
        partition=partition,
        worker=URL,
        state=State.WORKING,
        stream_time=None,
        lag=12_345,
        records_per_second=250.0,
        commit_ms=12.5,
        read=9,
        became={},
        sent={},
        lost=0,
        balanced=True,
        state_bytes=None,
    )


def status(partitions: int = 4, workers: int = 1, windows: int = 24, problems: int = 0) -> Status:
    """A cluster of some size."""
    names = ("enrichment", "admission", "counting", "joining")
    return Status(
        at="2026-01-01T00:00:00.000Z",
        app_id="shop",
        version="0.1.0",
        settings=Rules(partitions, 300, 120, 86_400, 3_600, "all", "topic"),
        state=State.WORKING,
        problems=[f"Problem {n} must be told. " + "It is long. " * 20 for n in range(problems)],
        stream_time="2026-01-01T00:00:00.000Z",
        event_time_lag_seconds=12.3,
        lag=1_234,
        rates={"clicks": 1_000.0},
        totals={"clicks": 123_456_789},
        balanced=True,
        workers=[Worker(f"{URL}{n}", asked=True, state=State.WORKING) for n in range(workers)],
        stages=[stage(name, p) for name in names for p in range(partitions)],
        missing=[],
        windows=[
            Window(
                f"2026-01-01T00:{n:02d}:00.000Z", "2026-01-01T00:59:00.000Z", "", "open", n, n, n
            )
            for n in range(windows)
        ],
        late=[],
        dead_letters=[],
        conversions=[],
        time_to_purchase=Histogram([], []),
    )


def drawn(of: Status, rows: int, columns: int, note: str = "") -> list[str]:
    """The lines of a frame."""
    console = Console(width=columns, height=rows, record=True, file=None, quiet=False)
    with console.capture() as capture:
        console.print(frame(of, rows, columns, note))
    return capture.get().rstrip("\n").split("\n")


@pytest.mark.parametrize("partitions", [1, 4, 64])
@pytest.mark.parametrize("workers", [0, 1, 9])
@pytest.mark.parametrize("problems", [0, 1, 9])
@pytest.mark.parametrize("rows", [24, 50])
def test_a_frame_fits(partitions: int, workers: int, problems: int, rows: int) -> None:
    """Whatever the cluster's size, and a note beside; the head and every stage are there."""
    lines = drawn(status(partitions, workers, problems=problems), rows, 80, "No worker answers.")
    assert len(lines) <= rows
    assert max(map(len, lines)) <= 80
    text = "\n".join(lines)
    assert "shop working  stream time 2026-01-01T00:00:00.000Z, 12.3 s behind  lag 1,234" in text
    assert all(name in text for name in ("enrichment", "admission", "counting", "joining"))
    assert "! No worker answers." in text
    assert "123,456,789" in text


def test_more_rows_show_more_windows() -> None:
    """All of them on a tall terminal."""
    counts = [sum(" open " in line for line in drawn(status(), rows, 80)) for rows in (24, 60)]
    assert 0 < counts[0] < counts[1] == 24


@pytest.mark.parametrize(
    ("count", "expected"), [(0, "0"), (9_999, "9999"), (12_345, "12k"), (10_000_000, "10M")]
)
def test_lags_are_short(count: int, expected: str) -> None:
    """Four digits and a unit."""
    assert expected == short(count)


def test_spans_are_in_their_largest_unit() -> None:
    """Of which there are two at least."""
    assert ["1.5 s", "119.0 s", "2 m", "2 h", "3 d"] == [
        span(seconds) for seconds in (1.5, 119, 120, 7_200, 259_200)
    ]


@asynccontextmanager
async def _serving(handler: Callable[[web.Request], object]) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_get("/events", handler)  # type: ignore[arg-type]  # a coroutine function
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def test_it_listens_with_its_token_and_connects_again() -> None:
    """Two events and an end, twice; nobody there is a sentence."""

    async def events(request: web.Request) -> web.StreamResponse:
        assert "Bearer 0123456789abcdef" == request.headers["Authorization"]
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        data = msgspec.json.encode(status())
        for _ in range(2):
            await response.write(b"event: status\ndata: " + data + b"\n\n")
        return response

    async def run() -> list[str]:
        async with _serving(events) as url:
            heard = listen(Settings(CLICKSTREAM_WEB_TOKEN="0123456789abcdef"), url)  # type: ignore[call-arg]  # noqa: S106 made up
            found = [await anext(heard) for _ in range(5)]
            await heard.aclose()
        return [item if isinstance(item, str) else "status" for item in found]

    told = asyncio.run(run())
    assert ["status", "status", "status", "status"] == [told[n] for n in (0, 1, 3, 4)]
    assert told[2].endswith("has ended.")


def test_nobody_there_and_a_wrong_token_are_told() -> None:
    """In a sentence with what to do."""

    async def refuse(_: web.Request) -> web.Response:
        return web.Response(status=401)

    async def run() -> list[object]:
        async with _serving(refuse) as url:
            refused = listen(Settings(), url)
            first = await anext(refused)
            await refused.aclose()
        gone = listen(Settings(), url)
        second = await anext(gone)
        await gone.aclose()
        return [first, second]

    refused, gone = asyncio.run(run())
    assert "set CLICKSTREAM_WEB_TOKEN" in str(refused)
    assert "Start one, or name another with --url" in str(gone)
