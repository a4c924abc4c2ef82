"""Chromium, driven."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, expect, sync_playwright

from dev.browser import find

#: A page of a busy machine may take this long to show what it is sent.
expect.set_options(timeout=20_000)

#: Hears of each update of the page, which keeps the last one alone.
_LISTEN = """
window.updates = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.updates.push(entry.duration);
}).observe({ type: "measure" });
"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless Chromium; it and its driver end with the block."""
    with sync_playwright() as playwright:
        # Chromium's sandbox refuses root, as which containers run their tests.
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=find(), args=sandbox)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(
    browser: Browser,
    url: str,
    *,
    size: tuple[int, int] = (1440, 1000),
    dark: bool = False,
    calm: bool = False,
) -> Iterator[Page]:
    """A page with its own storage; an error on its console, unless expected, fails the test.

    Args:
        browser: To open it in.
        url: Its address.
        size: Of the window, in CSS pixels.
        dark: Whether the person likes pages dark.
        calm: Whether the person wants nothing to move.
    """
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce" if calm else "no-preference",
    )
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "console",
        lambda message: faults.append(message.text) if _bad(message.text, message.type) else None,
    )
    page.add_init_script(_LISTEN)
    try:
        page.goto(url)
        yield page
        assert faults == []
    finally:
        context.close()


def until(page: Page, condition: Callable[[], bool], seconds: float = 30) -> None:
    """Wait for a condition; the page's policy forbids the driver's own way, which is eval."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s"
        page.wait_for_timeout(50)


def _bad(text: str, kind: str) -> bool:
    """Whether a message tells of a fault: answers the page deals with are none."""
    return kind in {"error", "warning"} and not text.startswith("Failed to load resource")
