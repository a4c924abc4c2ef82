"""A browser and a server for each test; both end with it, whatever happens."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.driver import chromium, opened
from tests.browser.fake import Fake

OpenPage = Callable[..., Page]
StartFake = Callable[..., Fake]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for a module: it takes a second to start."""
    with chromium() as started:
        yield started


@pytest.fixture
def start_fake() -> Iterator[StartFake]:
    """Starts servers of invented figures; a second of theirs passes in a fifth."""
    with ExitStack() as stack:
        yield lambda *args, **kwargs: stack.enter_context(
            Fake(*args, **({"every_s": 0.2} | kwargs))
        )


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Opens pages, which must not have a fault on their console in the end."""
    with ExitStack() as stack:
        yield lambda url, **kwargs: stack.enter_context(opened(browser, url, **kwargs))
