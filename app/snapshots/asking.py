"""Asking the workers for a snapshot of every partition."""

import asyncio
from http import HTTPStatus
from pathlib import Path

import aiohttp
import msgspec

from app.http import session
from app.settings import Settings
from app.snapshots.taking import Taken
from app.topics import TABLES
from models.errors import SnapshotError, shown

#: Partitions that are asked for at a time.
_AT_A_TIME = 4
#: Seconds for which a partition that moves is asked for again, and between two tries.
_PATIENCE_SECONDS = 30.0
_RETRY_SECONDS = 1.0
_CONNECT_SECONDS = 5.0


class _Error(msgspec.Struct):
    error: str


class Asker:
    """Asks a worker, which asks the others."""

    def __init__(self, settings: Settings, url: str, directory: str) -> None:
        """Ask nothing yet.

        Args:
            settings: How workers are asked.
            url: Any worker's address.
            directory: Where the snapshots go, as the workers see it; or as it is called from here.

        Raises:
            SnapshotError: They can't be asked for what these say.
        """
        if not url.startswith(("http://", "https://")):
            raise SnapshotError(f"--url is http://host:port; got {shown(url)}. Correct it.")
        if not directory.isprintable():  # bytes that are no text would be left out
            raise SnapshotError(
                f"The directory's name is told to workers as text; got {shown(directory)}. Name "
                "another."
            )
        self._settings = settings
        self._url = url.rstrip("/")
        self._directory = str(Path(directory).absolute())
        self._places = asyncio.Semaphore(_AT_A_TIME)

    async def ask(self) -> list[Taken]:
        """Have all partitions taken.

        Returns:
            All of them, by table and partition.

        Raises:
            SnapshotError: Some could not be taken; each is named, with the reason.
        """
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS)
        wanted = [(table, p) for table in TABLES for p in range(self._settings.partitions)]
        async with session(self._settings, timeout) as asking:
            answers = await asyncio.gather(*(self._one(asking, *at) for at in wanted))
        failed: dict[str, list[str]] = {}
        for (table, partition), answer in zip(wanted, answers, strict=True):
            if isinstance(answer, str):
                failed.setdefault(answer, []).append(f"{table} {partition}")
        if failed:
            raise SnapshotError(
                f"Every partition must be taken; {sum(map(len, failed.values()))} of {len(wanted)} "
                "were not.\n"
                + "\n".join(f"{', '.join(those)}: {why}" for why, those in failed.items())
            )
        return [answer for answer in answers if isinstance(answer, Taken)]

    async def _one(self, asking: aiohttp.ClientSession, table: str, partition: int) -> Taken | str:
        async with self._places:
            return await self._until_there(asking, f"/snapshot/{table}/{partition}")

    async def _until_there(self, asking: aiohttp.ClientSession, path: str) -> Taken | str:
        """What was taken, or why not; a partition that moves is asked for again."""
        now = asyncio.get_running_loop().time
        deadline_s = now() + _PATIENCE_SECONDS
        while True:
            status, answer = await self._answer(asking, path)
            if status != HTTPStatus.SERVICE_UNAVAILABLE or now() > deadline_s:
                return answer
            await asyncio.sleep(_RETRY_SECONDS)

    async def _answer(self, asking: aiohttp.ClientSession, path: str) -> tuple[int, Taken | str]:
        query = {"to": self._directory}
        try:
            async with asking.post(self._url + path, params=query) as answer:
                body = await answer.read()
                if answer.status == HTTPStatus.OK:
                    return answer.status, msgspec.json.decode(body, type=Taken)
                return answer.status, msgspec.json.decode(body, type=_Error).error
        except msgspec.DecodeError as error:
            return 0, f"{self._url} tells it otherwise: is it a worker of this version? ({error})"
        except aiohttp.ClientError as error:
            return 0, f"No worker answers at {self._url} ({error}). Start one, or give --url."
