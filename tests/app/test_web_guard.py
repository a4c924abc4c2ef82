"""Laws of the web server before any view: who is answered, how many at once, for how long."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus

import pytest
from aiohttp import ClientResponse, ClientSession, web

from app import guard, web_server
from app.guard import MOST_REQUESTS, MOST_STREAMS, Guard
from app.settings import Settings
from app.web import answer_in_json
from app.web_server import Runner
from tests.agents.fakes import in_loop

TOKEN = "0123456789abcdef"  # noqa: S105 of the tests
DATA = "/table/click-counts/"
OPEN = ("/", "/health", "/health/", "/ready", "/dashboard", "/dashboard/main.js")
ALWAYS = {
    "Server": "clickstream",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Views:
    """Views that answer at once, or when they are told to."""

    def __init__(self) -> None:
        self.told = asyncio.Event()
        self.asked = 0

    async def quick(self, request: web.Request) -> web.Response:
        """Answer."""
        return web.Response(text="data")

    async def slow(self, request: web.Request) -> web.Response:
        """Answer when told."""
        self.asked += 1
        await self.told.wait()
        return web.Response(text="data")

    async def until_asked(self, times: int) -> None:
        """Wait until so many requests are inside."""
        async with asyncio.timeout(10):
            while self.asked < times:  # noqa: ASYNC110 a test may look
                await asyncio.sleep(0.01)


@asynccontextmanager
async def serving(views: Views, bind: str = "127.0.0.1", **settings: str) -> AsyncIterator[int]:
    """Serve the views behind a guard; the port."""
    named = {f"CLICKSTREAM_{name}": value for name, value in settings.items()}
    guarding = Guard(Settings.model_validate(named), bind, "worker-1")
    app = web.Application(middlewares=[answer_in_json, guarding.admit])
    for path in (*OPEN, DATA):
        app.router.add_get(path, views.quick)
    for path in ("/slow", "/events", "/events/"):
        app.router.add_get(path, views.slow)
    app.router.add_post("/change", views.quick)
    app.router.add_post("/snapshot/{table}/{partition}", views.slow)
    runner = Runner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield runner.addresses[0][1]
    finally:
        views.told.set()
        await runner.cleanup()


@asynccontextmanager
async def asking(port: int, path: str, **headers: str) -> AsyncIterator[ClientResponse]:
    """Ask for a path."""
    url = f"http://127.0.0.1:{port}{path}"
    async with ClientSession() as session, session.get(url, headers=headers) as answer:
        yield answer


async def posted(port: int, path: str = "/change", **headers: str) -> tuple[int, str]:
    """Post to a path: the answer's status, and what it says."""
    url = f"http://127.0.0.1:{port}{path}"
    async with ClientSession() as session, session.post(url, headers=headers) as answer:
        return answer.status, await answer.text()


@pytest.mark.parametrize("path", [DATA, "/slow", "/events", "/nothing", "/dashboards"])
@pytest.mark.parametrize(
    "sent", ["", TOKEN, f"Bearer {TOKEN[:-1]}", f"Bearer {TOKEN}x", f"Basic {TOKEN}", "Bearer é"]
)
@in_loop
async def test_data_is_told_to_who_sends_the_token_alone(path: str, sent: str) -> None:
    """401 in JSON for any other, for paths that there are and for others."""
    async with serving(Views(), WEB_TOKEN=TOKEN) as port:
        headers = {"Authorization": sent} if sent else {}
        async with asking(port, path, **headers) as answer:
            assert HTTPStatus.UNAUTHORIZED == answer.status
            assert 'Bearer realm="clickstream"' == answer.headers["WWW-Authenticate"]
            assert "Send the header" in (await answer.json())["error"]


@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
@in_loop
async def test_who_sends_the_token_is_told(scheme: str) -> None:
    """By whatever name: with a token, names protect nothing."""
    async with serving(Views(), WEB_TOKEN=TOKEN) as port:
        sent = {"Authorization": f"{scheme} {TOKEN}", "Host": "any.example"}
        async with asking(port, DATA, **sent) as answer:
            assert "data" == await answer.text()


@pytest.mark.parametrize("path", OPEN)
@in_loop
async def test_pages_without_data_need_no_token(path: str) -> None:
    """The dashboard, and whether the worker works."""
    async with (
        serving(Views(), WEB_TOKEN=TOKEN) as port,
        asking(port, path) as answer,
    ):
        assert HTTPStatus.OK == answer.status


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", HTTPStatus.OK),
        ("127.0.0.1:80", HTTPStatus.OK),
        ("[::1]:6066", HTTPStatus.OK),
        ("Worker-1:6066", HTTPStatus.OK),
        ("evil.example", HTTPStatus.MISDIRECTED_REQUEST),
        ("localhost.evil.example", HTTPStatus.MISDIRECTED_REQUEST),
        ("127.0.0.1.evil.example:6066", HTTPStatus.MISDIRECTED_REQUEST),
        ("localhost@evil.example", HTTPStatus.MISDIRECTED_REQUEST),
        ("[bad", HTTPStatus.MISDIRECTED_REQUEST),
        ("", HTTPStatus.MISDIRECTED_REQUEST),
    ],
)
@in_loop
async def test_a_name_that_was_rebound_to_this_machine_is_refused(host: str, status: int) -> None:
    """Its Host tells: nothing of it, dashboard included, is served to another site's script."""
    for path in (DATA, "/dashboard"):
        async with serving(Views()) as port, asking(port, path, Host=host) as answer:
            assert status == answer.status


@in_loop
async def test_a_worker_that_others_reach_is_asked_by_any_name() -> None:
    """What names it has there, it can't know."""
    async with (
        serving(Views(), bind="0.0.0.0") as port,  # noqa: S104 not bound
        asking(port, DATA, Host="any.example") as answer,
    ):
        assert HTTPStatus.OK == answer.status


@pytest.mark.parametrize(
    ("path", "most", "other"),
    [("/slow", MOST_REQUESTS, "/events"), ("/events/", MOST_STREAMS, DATA)],
)
@in_loop
async def test_more_than_there_is_room_for_are_asked_to_come_again(
    path: str, most: int, other: str
) -> None:
    """503 with Retry-After; streams and other requests do not take each other's room."""
    views = Views()
    async with serving(views) as port, ClientSession() as session:
        url = f"http://127.0.0.1:{port}"
        waiting = [asyncio.create_task(_text(session, url + path)) for _ in range(most)]
        await views.until_asked(most)
        async with asking(port, path) as answer:
            assert (HTTPStatus.SERVICE_UNAVAILABLE, "1") == (
                answer.status,
                answer.headers["Retry-After"],
            )
        async with asking(port, "/health") as answer:
            assert HTTPStatus.OK == answer.status
        more = asyncio.create_task(_text(session, url + other))
        views.told.set()
        assert ["data"] * (most + 1) == await asyncio.gather(*waiting, more)
        assert "data" == await _text(session, url + path)


async def _text(session: ClientSession, url: str) -> str:
    async with session.get(url) as answer:
        return await answer.text()


@in_loop
async def test_an_answer_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """503; a stream of events goes on."""
    monkeypatch.setattr(guard, "_ANSWER_SECONDS", 0.2)
    views = Views()
    async with serving(views) as port, ClientSession() as session:
        stream = asyncio.create_task(_text(session, f"http://127.0.0.1:{port}/events"))
        async with asking(port, "/slow") as answer:
            assert HTTPStatus.SERVICE_UNAVAILABLE == answer.status
            assert "must be ready within" in (await answer.json())["error"]
        assert not stream.done()
        views.told.set()
        assert "data" == await stream


@in_loop
async def test_nothing_is_changed_for_another_sites_page() -> None:
    """A browser lets any site post to this machine, and says where it comes from: 403."""
    async with serving(Views()) as port:
        own = f"127.0.0.1:{port}"
        for origin in ("http://evil.example", "null", "http://localhost", f"http://evil.{own}", ""):
            status, said = await posted(port, Origin=origin)
            assert HTTPStatus.FORBIDDEN == status
            assert "Origin is another" in said
        assert (HTTPStatus.OK, "data") == await posted(port)
        assert (HTTPStatus.OK, "data") == await posted(port, Origin=f"http://{own}")


@in_loop
async def test_where_others_reach_the_worker_only_the_token_changes_anything() -> None:
    """403 where none is set, 401 for who does not send it; reading is as it was."""
    async with serving(Views(), bind="0.0.0.0") as port:  # noqa: S104 not bound
        status, said = await posted(port)
        assert HTTPStatus.FORBIDDEN == status
        assert "Set CLICKSTREAM_WEB_TOKEN" in said
        async with asking(port, DATA) as answer:
            assert HTTPStatus.OK == answer.status
    async with serving(Views(), bind="0.0.0.0", WEB_TOKEN=TOKEN) as port:  # noqa: S104 not bound
        assert HTTPStatus.UNAUTHORIZED == (await posted(port))[0]
        allowed = {"Authorization": f"Bearer {TOKEN}"}
        assert (HTTPStatus.OK, "data") == await posted(port, **allowed)
        foreign = allowed | {"Origin": "http://evil.example"}
        assert HTTPStatus.FORBIDDEN == (await posted(port, **foreign))[0]


@in_loop
async def test_a_snapshot_may_take_as_long_as_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """A large partition takes minutes to copy."""
    monkeypatch.setattr(guard, "_ANSWER_SECONDS", 0.1)
    views = Views()
    async with serving(views) as port:
        taking = asyncio.create_task(posted(port, "/snapshot/rows/0"))
        await views.until_asked(1)
        await asyncio.sleep(0.3)
        views.told.set()
        assert (HTTPStatus.OK, "data") == await taking


@pytest.mark.parametrize("path", [DATA, "/", "/nothing"])
@in_loop
async def test_every_answer_says_how_it_may_be_used(path: str) -> None:
    """Not guessed at, not framed, not kept; and not which software made it."""
    async with serving(Views()) as port, asking(port, path) as answer:
        assert ALWAYS == {name: answer.headers.get(name) for name in ALWAYS}
        assert "Access-Control-Allow-Origin" not in answer.headers


@in_loop
async def test_what_is_no_http_is_answered_and_not_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Scanners send much of it; 400 with the headers of all answers."""
    with caplog.at_level(logging.INFO):
        async with serving(Views()) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET / HTTP/9.9\r\n\r\n")
            answer = await reader.read()
            writer.close()
    assert answer.startswith(b"HTTP/1.0 400")
    assert b"Server: clickstream\r\n" in answer
    assert b"nosniff" in answer
    assert [] == caplog.records


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: "])
@in_loop
async def test_a_request_that_is_never_complete_is_ended(
    sent: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many bytes arrive now and then: time runs from the beginning."""
    monkeypatch.setattr(web_server, "IDLE_SECONDS", 0.5)
    async with serving(Views()) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        drip = asyncio.create_task(_drip(writer)) if sent else None
        async with asyncio.timeout(5):
            assert b"" == await reader.read()
        if drip:
            drip.cancel()
        writer.close()


async def _drip(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"x")
        await asyncio.sleep(0.05)


@in_loop
async def test_connections_beyond_the_most_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that are there stay, and one that ends makes room."""
    monkeypatch.setattr(web_server, "MOST_CONNECTIONS", 2)
    async with serving(Views()) as port:
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        await asyncio.sleep(0.1)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        async with asyncio.timeout(5):
            assert b"" == await reader.read()
        writer.close()
        held[0][1].close()
        await asyncio.sleep(0.1)
        async with asking(port, DATA) as answer:
            assert "data" == await answer.text()
        held[1][1].close()
