"""Which worker owns a user's rows."""

import asyncio
from typing import TYPE_CHECKING, Any, cast

from aiohttp import ClientError
from faust.app.router import Router
from faust.exceptions import SameNode
from faust.types import TP
from faust.web.exceptions import NotFound, ServiceUnavailable
from yarl import URL

from models.partitioning import partition_of

if TYPE_CHECKING:
    from faust.assignor.partition_assignor import PartitionAssignor

#: Marks a request that another worker has passed on: it is not passed on again.
_ROUTED = "X-Clickstream-Routed"
#: Seconds an owner may take to answer: a look-up takes milliseconds.
_OWNER_SECONDS = 3.0


class StageRouter(Router):
    """Faust's router, with the partition of a key as the stages compute it.

    Faust's own asks its producer, which knows only the topics that it has sent to.
    """

    def key_store(self, table_name: str, key: Any) -> URL:
        """URL of the worker that owns the key.

        Raises:
            NotFound: There is no such table.
            ServiceUnavailable: Nobody owns the partition at the moment.
        """
        table = self._get_table(table_name)
        user = key.encode() if isinstance(key, str) else key
        partition = partition_of(user, table.partitions)
        assignor = cast("PartitionAssignor", self._assignor)
        owners = assignor._tps_url  # noqa: SLF001 as the assignor's own key_store
        try:
            return URL(owners[TP(self._get_table_topic(table), partition)])
        except KeyError:
            raise ServiceUnavailable("Nobody owns the partition yet: ask again soon.") from None

    def _get_table(self, name: str) -> Any:
        try:
            return self.app.tables[name]
        except KeyError:
            raise NotFound("unknown table", name=name) from None

    async def _route_req(self, dest_url: URL, web: Any, request: Any) -> Any:
        if self._urlident(dest_url) == self._urlident(self.app.conf.canonical_url):
            raise SameNode
        if _ROUTED in request.headers:
            raise ServiceUnavailable("The partition is moving: ask again soon.")
        try:
            return await self._pass_on(dest_url, web, request)
        except (ClientError, TimeoutError):
            reason = f"Its owner at {dest_url} does not answer: ask again soon."
            raise ServiceUnavailable(reason) from None

    async def _pass_on(self, dest_url: URL, web: Any, request: Any) -> Any:
        """Ask the owner for the same path, and nothing else: a client's Host can be none."""
        url = dest_url.with_path(request.rel_url.raw_path, encoded=True)
        async with (
            asyncio.timeout(_OWNER_SECONDS),
            self.app.http_client.request(request.method, url, headers={_ROUTED: "1"}) as answer,
        ):
            text = await answer.text()
            return web.text(text, content_type=answer.content_type, status=answer.status)
