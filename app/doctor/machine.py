"""Gathering the facts of this machine: its disk, and the workers and registry that answer it."""

import fcntl
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import aiohttp

from app.doctor.facts import Answer, Disk, Registry
from app.http import session
from app.registry.client import RegistryClient, RegistryError
from app.settings import Settings

#: Seconds that a worker may take to answer.
_ANSWER_SECONDS = 5.0
#: An id that any registry takes, and hardly one has: that it says so is an answer, too.
_SOME_ID = 2**31 - 1


def disk_of(directory: Path) -> Disk:
    """The data directory, or where it would be made."""
    there = next(path for path in (directory, *directory.absolute().parents) if path.exists())
    fault = None if os.access(there, os.W_OK | os.X_OK) else f"user id {os.getuid()} may not"
    if not there.is_dir():
        fault = f"{there} is no directory"
    free = shutil.disk_usage(there).free
    return Disk(str(directory), fault, free, _used(directory), _locked(directory / "lock"))


def _used(directory: Path) -> int:
    total = 0
    for path in directory.rglob("*"):
        try:
            total += path.lstat().st_size
        except OSError:  # a worker deletes files while we look
            continue
    return total


def _locked(lock: Path) -> bool:
    try:
        with lock.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # there is none, or it is another user's
        return False
    return False


async def registry_of(settings: Settings) -> Registry | None:
    """Whether the schema registry tells of an id, as workers ask; None where none is set."""
    if settings.schema_registry is None:
        return None
    try:
        async with RegistryClient.connected(settings) as client:
            await client.schema(_SOME_ID)
    except RegistryError as error:
        return Registry(settings.schema_registry, str(error))
    return Registry(settings.schema_registry)


async def answers_of(settings: Settings, urls: Sequence[str], port: int) -> tuple[Answer, ...]:
    """What workers say.

    Args:
        settings: How they are asked.
        urls: Their addresses; without any, the place where one would be on this machine.
        port: Of that place.
    """
    scheme = "https" if settings.web_tls else "http"
    host = "127.0.0.1" if settings.web_bind == "0.0.0.0" else settings.web_bind  # noqa: S104 compared, not bound
    here = f"{scheme}://{host}:{port}"
    async with session(settings, aiohttp.ClientTimeout(total=_ANSWER_SECONDS)) as asking:
        return tuple([await _ask(asking, url, asked=bool(urls)) for url in urls or (here,)])


async def _ask(asking: aiohttp.ClientSession, url: str, *, asked: bool) -> Answer:
    try:
        async with asking.get(f"{url.rstrip('/')}/health") as answer:
            found = await _json(answer)
            ours = isinstance(found, dict) and "status" in found
            problems = found.get("problems", ()) if isinstance(found, dict) else ()
            return Answer(url, asked, answer.status, "", tuple(problems), ours)
    except aiohttp.ClientConnectorError as error:
        return Answer(url, asked, None, error.strerror or str(error))
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        return Answer(url, asked, None if asked else 0, str(error) or type(error).__name__)


async def _json(answer: Any) -> Any:
    try:
        return await answer.json()
    except (aiohttp.ClientError, ValueError):
        return None
