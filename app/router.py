"""Which worker owns a user's rows."""

from typing import Any, cast

from aiohttp import ClientError
from faust.app.router import Router
from faust.assignor.partition_assignor import PartitionAssignor
from faust.types import TP
from faust.web.exceptions import NotFound, ServiceUnavailable
from yarl import URL

from models.partitioning import partition_of


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
        if table_name not in self.app.tables:
            raise NotFound("unknown table", name=table_name)
        table = self.app.tables[table_name]
        user = key.encode() if isinstance(key, str) else key
        partition = partition_of(user, table.partitions)
        assignor = cast("PartitionAssignor", self._assignor)
        owners = assignor._tps_url  # noqa: SLF001 as the assignor's own key_store
        try:
            return URL(owners[TP(self._get_table_topic(table), partition)])
        except KeyError:
            raise ServiceUnavailable("Nobody owns the partition yet: ask again soon.") from None

    async def _route_req(self, dest_url: URL, web: Any, request: Any) -> Any:
        try:
            return await super()._route_req(dest_url, web, request)
        except (ClientError, TimeoutError):
            reason = f"Its owner at {dest_url} does not answer: ask again soon."
            raise ServiceUnavailable(reason) from None
