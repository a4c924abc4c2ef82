"""Web views beside Faust's own of the tables: what each path is answered with."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from aiohttp import web

from app.views import ledger, status

if TYPE_CHECKING:
    from app.bootstrap import App

View = Callable[[web.Request], Awaitable[web.StreamResponse]]


def routes(app: "App") -> dict[str, View]:
    """The views by path; a path is answered with and without a slash at its end."""
    views = {**ledger.views(app), **status.views(app)}
    return views | {f"{path}/": view for path, view in views.items() if not path.endswith("/")}
