"""A Chromium for the tests of the dashboard."""

from dev.browser.chromium import BrowserError, find, prepare

__all__ = ["BrowserError", "find", "prepare"]
