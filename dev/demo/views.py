"""The workers' web views: what a user's counts are, whichever worker is asked."""

from collections.abc import Iterable
from itertools import cycle
from typing import Any
from urllib.parse import quote

from aiohttp import ClientError, ClientSession, ClientTimeout

_TIMEOUT = ClientTimeout(total=5.0)
_OK, _NOT_FOUND = 200, 404


class Views:
    """The views of some workers, asked in turn."""

    def __init__(self, session: ClientSession, urls: Iterable[str]) -> None:
        """Take the workers' addresses, such as `http://127.0.0.1:6066`."""
        self._session = session
        self.urls = tuple(urls)
        self._turn = cycle(self.urls)

    @staticmethod
    def path(table: str, user: str) -> str:
        """Path of a user's rows in a table."""
        return f"/table/{table}/{quote(user, safe='')}/"

    async def ask(self, table: str, user: str, url: str | None = None) -> Any:
        """A user's rows.

        Args:
            table: Its name.
            user: The user's id.
            url: Of the worker to ask; the next in turn if None.

        Returns:
            What the table's view tells, or None where the user has no rows.

        Raises:
            ClientError: The worker does not answer, or its partitions are moving.
            TimeoutError: It takes too long.
        """
        target = (url or next(self._turn)) + self.path(table, user)
        async with self._session.get(target, timeout=_TIMEOUT) as response:
            if response.status == _NOT_FOUND:
                return None
            if response.status != _OK:
                raise ClientError(f"{target} answers {response.status}")
            answer = await response.json()
        return answer[table] if isinstance(answer, dict) and table in answer else answer

    async def agree(self, table: str, user: str) -> Any:
        """A user's rows if all workers give the same; None otherwise."""
        try:
            answers = [await self.ask(table, user, url) for url in self.urls]
        except (ClientError, TimeoutError):
            return None
        return answers[0] if all(a == answers[0] for a in answers) else None
