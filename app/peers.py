"""The workers of the cluster, as their web views reach each other."""

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from aiohttp import ClientError
from yarl import URL

from app.answers import Unavailable
from app.topics import TABLES, changelog_name

if TYPE_CHECKING:
    from faust.assignor.partition_assignor import PartitionAssignor

    from app.bootstrap import App

#: Marks a request that another worker has passed on: it is not passed on again.
ROUTED = "X-Clickstream-Routed"
#: Seconds a worker may take to answer another: a look-up takes milliseconds.
ANSWER_SECONDS = 3.0


class Peers:
    """This worker and the others."""

    def __init__(self, app: "App") -> None:
        """Know the others by the app's last assignment."""
        self._app = app

    @property
    def me(self) -> URL:
        """This worker's own address."""
        return self._at(str(self._app.conf.canonical_url))

    def owners(self, table: str) -> dict[int, URL]:
        """The worker of each partition of a table; a partition that moves may be missing."""
        changelog = changelog_name(self._app.settings, table)
        assignor = cast("PartitionAssignor", self._app.assignor)
        urls = assignor._tps_url.items()  # noqa: SLF001 Faust offers one key at a time
        return {tp.partition: self._at(url) for tp, url in urls if tp.topic == changelog}

    def workers(self) -> list[URL]:
        """All workers that own anything, this one among them, in order of their addresses."""
        owners = (url for table in TABLES for url in self.owners(table).values())
        return sorted({self.me, *owners}, key=str)

    async def ask(
        self,
        worker: URL,
        raw_path: str,
        query: Mapping[str, str] | None = None,
        method: str = "GET",
        seconds: float = ANSWER_SECONDS,
    ) -> tuple[int, bytes]:
        """Ask another worker.

        Args:
            worker: Its address.
            raw_path: The path, quoted as it goes over the wire.
            query: The query.
            method: The request's method.
            seconds: How long the answer may take.

        Returns:
            The answer's status and body.

        Raises:
            Unavailable: It does not answer.
        """
        url = worker.with_path(raw_path, encoded=True).with_query(query)
        try:
            async with (
                asyncio.timeout(seconds),
                self._app.http_client.request(
                    method,
                    url,
                    headers={ROUTED: "1", **self._app.settings.web_credentials},
                    allow_redirects=False,  # the token is for workers alone
                    ssl=self._app.settings.peers_context if url.scheme == "https" else True,
                ) as answer,
            ):
                return answer.status, await answer.read()
        except (ClientError, TimeoutError, OSError):
            raise Unavailable(f"The worker at {worker} does not answer: ask again soon.") from None

    def _at(self, url: str) -> URL:
        """A worker's address; Faust's command line takes all of them for plain HTTP."""
        tls = self._app.settings.web_tls
        return URL(url).origin().with_scheme("https" if tls else "http")
