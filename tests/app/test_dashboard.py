"""The dashboard's files and how they are served; what they do in a browser is tests/browser's."""

import asyncio
import re
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, cast

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from app.views import dashboard
from app.web import answer_in_json

FOLDER = Path(dashboard.__file__).parent.parent / "dashboard"
FILES = sorted(path.name for path in FOLDER.iterdir())
SCRIPTS = [name for name in FILES if name.endswith(".js")]

#: Whatever takes text for markup or for a program.
_PARSERS = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|setHTML|parseFromString|createContextualFragment"
    r"|DOMParser|document\.write|srcdoc|\beval\b|new Function|javascript:|\.on\w+ = [\"'`]"
)
#: Attributes that hold a script or a style.
_INLINE = re.compile(r"on\w+|style")


def asked(path: str, headers: dict[str, str] | None = None) -> tuple[int, Mapping[str, str], str]:
    """Status, headers and text of what a path is answered with."""

    async def ask() -> tuple[int, Mapping[str, str], str]:
        application = web.Application(middlewares=[answer_in_json])
        for route, view in dashboard.views(cast("Any", None)).items():
            application.router.add_get(route, view)
        async with TestClient(TestServer(application)) as client:
            answer = await client.get(path, headers=headers)
            return answer.status, answer.headers, await answer.text()

    return asyncio.run(ask())


class Tags(HTMLParser):
    """Hears of every tag of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note it."""
        self.tags.append((tag, dict(attrs)))


def page() -> Tags:
    """The page's tags."""
    return Tags((FOLDER / "index.html").read_text())


def test_the_root_is_the_page() -> None:
    """`/` is the dashboard's HTML."""
    status, headers, text = asked("/")
    assert (200, "text/html; charset=utf-8") == (status, headers["Content-Type"])
    assert (FOLDER / "index.html").read_text() == text


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("dashboard.js", "text/javascript; charset=utf-8"),
        ("tokens.css", "text/css; charset=utf-8"),
        ("icon.svg", "image/svg+xml; charset=utf-8"),
    ],
)
def test_a_file_has_its_type(name: str, kind: str) -> None:
    """Browsers run a module, and apply a style, only of the right type."""
    status, headers, text = asked(f"/dashboard/{name}")
    assert (200, kind) == (status, headers["Content-Type"])
    assert (FOLDER / name).read_text() == text


@pytest.mark.parametrize("path", ["/", "/dashboard/dashboard.js"])
def test_the_browser_is_told_to_trust_nothing_else(path: str) -> None:
    """Only this server's files, no inline script, no frames, no guessing of types."""
    _, headers, _ = asked(path)
    policy = {
        rule.split()[0]: rule.split()[1:] for rule in headers["Content-Security-Policy"].split(";")
    }
    assert ["'self'"] == policy["default-src"]
    assert ["'none'"] == policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"]
    assert ["'script'"] == policy["require-trusted-types-for"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert ("nosniff", "no-cache") == (headers["X-Content-Type-Options"], headers["Cache-Control"])


def test_what_the_browser_holds_is_not_sent_again() -> None:
    """304 without a body for the tag it was given, also among others; 200 for another tag."""
    _, headers, _ = asked("/dashboard/dom.js")
    tag = headers["ETag"]
    assert (304, "") == asked("/dashboard/dom.js", {"If-None-Match": f'"x", {tag}'})[::2]
    assert 200 == asked("/dashboard/dom.js", {"If-None-Match": '"x"'})[0]
    assert tag != asked("/dashboard/page.css")[1]["ETag"]


@pytest.mark.parametrize(
    "name", ["nothing.js", "..%2Fsettings.py", "%2Fetc%2Fpasswd", "index.html%00"]
)
def test_nothing_but_the_folder_s_files_is_served(name: str) -> None:
    """404 in JSON for what is not in it, however it is written."""
    status, headers, text = asked(f"/dashboard/{name}")
    assert 404 == status
    assert "application/json" == headers["Content-Type"].split(";")[0]
    assert "The dashboard has no file" in text


@pytest.mark.parametrize("name", SCRIPTS)
def test_no_script_takes_text_for_markup_or_program(name: str) -> None:
    """Whatever a record holds, it goes into the page as text."""
    assert [] == _PARSERS.findall((FOLDER / name).read_text())


@pytest.mark.parametrize("name", FILES)
def test_the_page_needs_no_other_server(name: str) -> None:
    """The one address in it is the name of SVG, which nobody fetches."""
    addresses = set(re.findall(r"(?:https?:)?//[\w.-]+\.[\w/]+", (FOLDER / name).read_text()))
    assert set() == addresses - {"http://www.w3.org/2000/svg"}


def test_the_page_has_no_inline_script_or_style() -> None:
    """The policy would not let them run."""
    tags = page().tags
    assert [] == [t for t, attributes in tags if t == "script" and "src" not in attributes]
    assert "style" not in [t for t, _ in tags]
    assert [] == [(t, a) for t, attributes in tags for a in attributes if _INLINE.fullmatch(a)]


def test_every_file_is_one_that_the_page_uses() -> None:
    """By the page itself, or by a module that it uses: nothing is missing, nothing is left over."""
    links = {a.get("src") or a.get("href") for _, a in page().tags}
    used = {
        link.removeprefix("dashboard/") for link in links if link and link.startswith("dashboard/")
    }
    for name in SCRIPTS:
        used |= set(re.findall(r'from "\./([\w.]+)"', (FOLDER / name).read_text()))
    assert sorted({*used, "index.html"}) == FILES


def test_every_id_that_a_script_asks_for_is_in_the_page() -> None:
    """An id that was renamed in one place is found here, not in a browser."""
    ids = [str(a["id"]) for _, a in page().tags if "id" in a]
    assert sorted(set(ids)) == sorted(ids)
    wanted = {
        i
        for name in SCRIPTS
        for i in re.findall(r'\bat\("([\w-]+)"\)', (FOLDER / name).read_text())
    }
    assert set() == wanted - set(ids)
