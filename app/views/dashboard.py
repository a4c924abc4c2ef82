"""``GET /`` and ``/dashboard/{file}``: the page that shows all the other views."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import ETag, web

from app.answers import Unknown

if TYPE_CHECKING:
    from app.bootstrap import App
    from app.views import View

_FOLDER = Path(__file__).parent.parent / "dashboard"
_PAGE = "index.html"
_TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
_HEADERS = {
    # Asked about each time, and answered 304 where nothing changed: after an update no browser
    # runs old modules beside new ones.
    "Cache-Control": "no-cache",
    # All comes from this server, and no text of a record can become markup or script.
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "object-src 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def views(app: "App") -> dict[str, "View"]:
    """The page and its files, read once: what is served is what the folder held at the start."""
    files = {path.name: path.read_bytes() for path in _FOLDER.iterdir() if path.suffix in _TYPES}

    async def page(request: web.Request) -> web.Response:
        return _answer(request, _PAGE, files[_PAGE])

    async def file(request: web.Request) -> web.Response:
        name = request.match_info["file"]
        if name not in files:
            raise Unknown(f"The dashboard has no file {name!r}: its page is at /.")
        return _answer(request, name, files[name])

    return {"/": page, "/dashboard/{file}": file}


def _answer(request: web.Request, name: str, body: bytes) -> web.Response:
    """The file, or 304 where the browser holds the same."""
    tag = ETag(hashlib.sha256(body).hexdigest()[:32])
    if tag.value in {held.value for held in request.if_none_match or ()}:
        answer = web.Response(status=304, headers=_HEADERS)
    else:
        kind = _TYPES[Path(name).suffix]
        answer = web.Response(body=body, headers=_HEADERS, content_type=kind, charset="utf-8")
    answer.etag = tag
    return answer
