"""Which worker owns a user's rows."""

from typing import TYPE_CHECKING, Any, cast

from faust.app.router import Router
from faust.exceptions import SameNode
from faust.web.exceptions import NotFound, ServiceUnavailable
from yarl import URL

from app.answers import Unavailable
from app.peers import ROUTED
from models.partitioning import partition_of

if TYPE_CHECKING:
    from app.bootstrap import App


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
        try:
            owners = cast("App", self.app).peers.owners(table_name)
            return owners[partition_of(user, table.partitions)]
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
        if ROUTED in request.headers:
            raise ServiceUnavailable("The partition is moving: ask again soon.")
        try:
            # The same path, and nothing else: a client's Host can be none.
            status, body = await cast("App", self.app).peers.ask(dest_url, request.rel_url.raw_path)
        except Unavailable as error:
            raise ServiceUnavailable(str(error)) from None
        return web.text(body.decode(), content_type="application/json", status=status)
