"""A server with the paths of a worker, whose figures are invented; it can go away and come back."""

import asyncio
import json
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, cast

from aiohttp import web

from app.views import dashboard
from dev.kafka.ports import HOST, free_port
from tests.browser import answers, figures
from tests.browser.figures import Shape

if TYPE_CHECKING:
    from app.bootstrap import App

_KNOWN = "user-"
_BETWEEN_PIECES_S = 0.01


class Fake:
    """The server, in a thread of its own, on a port that it keeps.

    Attributes:
        shape: Of the cluster; a test may change it while the server runs.
        token: The bearer token that all but the page itself asks for; None asks for none.
    """

    def __init__(
        self, shape: Shape | None = None, token: str | None = None, every_s: float = 1
    ) -> None:
        """Make a server, not started.

        Args:
            shape: Of the cluster.
            token: As the attribute.
            every_s: Seconds between events; each is a second of the figures.
        """
        self.shape = shape or Shape()
        self.token = token
        self.port = free_port()
        self._every_s = every_s
        self._step = 300
        self._loop = asyncio.new_event_loop()
        self._thread: threading.Thread | None = None
        self._runner: web.AppRunner | None = None
        self._gone = asyncio.Event()

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://{HOST}:{self.port}/"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self.come()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.go()
        self._loop.call_soon_threadsafe(self._loop.stop)
        assert self._thread is not None
        self._thread.join()
        self._loop.close()

    def come(self) -> None:
        """Listen, on the same port as before."""
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)

    def go(self) -> None:
        """Stop listening, and end every connection."""
        runner, self._runner = self._runner, None
        if runner is not None:
            asyncio.run_coroutine_threadsafe(runner.cleanup(), self._loop).result(10)

    async def _listen(self) -> None:
        application = web.Application(middlewares=[self._guard])
        pages = dashboard.views(cast("App", None))
        for path, view in {**pages, **self._views()}.items():
            application.router.add_get(path, view)
        self._gone = asyncio.Event()
        application.on_shutdown.append(self._end)
        self._runner = web.AppRunner(application, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, HOST, self.port).start()

    async def _end(self, _: web.Application) -> None:
        self._gone.set()

    @web.middleware
    async def _guard(self, request: web.Request, handler: Callable[..., Any]) -> web.StreamResponse:
        free = request.path == "/" or request.path.startswith("/dashboard/")
        wanted = f"Bearer {self.token}"
        if self.token and not free and request.headers.get("Authorization") != wanted:
            return web.json_response({"error": "A token is needed."}, status=401)
        return cast("web.StreamResponse", await handler(request))

    def _views(self) -> dict[str, Callable[..., Any]]:
        return {
            "/events": self._events,
            "/status": self._view(lambda _: figures.status(self.shape, self._step)),
            "/top": self._view(lambda r: answers.top(self.shape, r.query["by"])),
            "/counts/{user}": self._of_user(lambda: answers.counts(self._step)),
            "/conversions/{user}": self._of_user(lambda: answers.conversions(self.shape)),
            "/clicks/{user}": self._of_user(lambda: answers.clicks(self.shape)),
        }

    @staticmethod
    def _view(answer: Callable[[web.Request], Any]) -> Callable[..., Any]:
        async def view(request: web.Request) -> web.Response:
            return web.json_response(answer(request))

        return view

    def _of_user(self, answer: Callable[[], dict[str, Any]]) -> Callable[..., Any]:
        async def view(request: web.Request) -> web.Response:
            user = request.match_info["user"]
            if user != self.shape.user and not user.startswith(_KNOWN):
                return web.json_response({"error": f"Nothing is kept of {user}."}, status=404)
            return web.json_response({"userId": user, **answer()})

        return view

    async def _events(self, request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await answer.prepare(request)
        await answer.write(b"retry: 300\n\n")
        with suppress(ConnectionResetError):
            while not self._gone.is_set():
                self._step += 1
                data = json.dumps(figures.status(self.shape, self._step), ensure_ascii=False)
                event = f"event: status\ndata: {data}\n\n".encode()
                # Networks cut where they like: each event elsewhere, within a character too.
                cut = self._step * 7_919 % len(event)
                await answer.write(event[:cut])
                await asyncio.sleep(_BETWEEN_PIECES_S)
                await answer.write(event[cut:])
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._gone.wait(), self._every_s)
        return answer
