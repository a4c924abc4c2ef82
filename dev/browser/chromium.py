"""Which Chromium to use: the one that is named, one on the PATH, or Debian's, installed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
_REMEDY = "install Chromium (Debian: apt-get install chromium), or set CHROMIUM=/path/to/chromium"
_INSTALL_SECONDS = 900


class BrowserError(Exception):
    """There is no Chromium to use; the message says why, and what to do."""


def find() -> Path:
    """The Chromium named by the variable CHROMIUM, else the first of the usual names on the PATH.

    Raises:
        BrowserError: There is none.
    """
    named = os.environ.get("CHROMIUM")
    found = shutil.which(named) if named else _on_path()
    if found is not None:
        return Path(found)
    if named:
        raise BrowserError(f"CHROMIUM={named!r} can't be run: set it to a Chromium, or unset it")
    raise BrowserError(f"the tests of the dashboard need a Chromium, and none was found: {_REMEDY}")


def prepare() -> Path:
    """Make sure that there is a Chromium; as root on Debian, by installing it.

    Raises:
        BrowserError: There is none, and it can't be installed.
    """
    try:
        return find()
    except BrowserError:
        if os.environ.get("CHROMIUM") or os.geteuid() != 0 or not shutil.which("apt-get"):
            raise
    print("Installing Chromium ...", file=sys.stderr, flush=True)
    _apt_get("update")
    _apt_get("install", "--yes", "--no-install-recommends", "chromium")
    return find()


def _on_path() -> str | None:
    return next((found for name in _NAMES if (found := shutil.which(name))), None)


def _apt_get(*arguments: str) -> None:
    done = subprocess.run(
        ["apt-get", "--quiet", *arguments],
        env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_INSTALL_SECONDS,
        check=False,
    )
    if done.returncode:
        end = "\n".join((done.stdout + done.stderr).splitlines()[-5:])
        raise BrowserError(f"apt-get {arguments[0]} failed: {_REMEDY}. It said:\n{end}")
