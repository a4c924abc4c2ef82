"""Web views beside Faust's own of the tables: what each path is answered with."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from aiohttp import web

from app.views import (
    clicks,
    conversions,
    counts,
    dashboard,
    ledger,
    metrics,
    openapi,
    schemas,
    snapshot,
    status,
    top,
    versions,
    windows,
)

if TYPE_CHECKING:
    from app.bootstrap import App

View = Callable[[web.Request], Awaitable[web.StreamResponse]]


def routes(app: "App") -> dict[str, View]:
    """The views by path; a path is answered with and without a slash at its end."""
    modules = (
        clicks,
        conversions,
        counts,
        dashboard,
        ledger,
        metrics,
        openapi,
        schemas,
        status,
        top,
        versions,
        windows,
    )
    return _open_ended(
        {path: view for module in modules for path, view in module.views(app).items()}
    )


def changes(app: "App") -> dict[str, View]:
    """What each path does when it is posted to."""
    return _open_ended(snapshot.changes(app))


def _open_ended(views: dict[str, View]) -> dict[str, View]:
    return views | {f"{path}/": view for path, view in views.items() if not path.endswith("/")}
