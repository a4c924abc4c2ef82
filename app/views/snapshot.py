"""``POST /snapshot/{table}/{partition}``: a snapshot of a partition, from any worker."""

import asyncio
from typing import TYPE_CHECKING

from aiohttp import web

from app.answers import Misasked, Unknown, json_answer
from app.reading import readings
from app.snapshots.taking import Taker, directory_of
from app.topics import TABLES
from app.views.asking import parameters
from app.views.owned import passed_on
from models.errors import shown

if TYPE_CHECKING:
    from app.bootstrap import App
    from app.views import View

#: Seconds until another worker is given up: copying a large partition takes minutes.
_PATIENCE_SECONDS = 3600.0


def changes(app: "App") -> dict[str, "View"]:
    """The view, which is posted to."""
    taker = Taker(app)

    async def snapshot(request: web.Request) -> web.Response:
        table, partition = _asked(app, request)
        to = parameters(request, "to").get("to")
        if to is None:
            raise Misasked("to names the directory that the snapshot goes to; it is missing.")
        reading = readings(app.engine, table).get(partition)
        if reading is None:
            return await passed_on(app, request, table, partition, _PATIENCE_SECONDS)
        # In a thread: a disk that hangs must not stop the stages.
        directory = await asyncio.to_thread(directory_of, to)
        return json_answer(await taker.take(reading, table, directory))

    return {"/snapshot/{table}/{partition}": snapshot}


def _asked(app: "App", request: web.Request) -> tuple[str, int]:
    table, partition = (request.match_info[name] for name in ("table", "partition"))
    known = {str(number): number for number in range(app.settings.partitions)}
    if table not in TABLES or partition not in known:
        raise Unknown(
            f"A table is one of {', '.join(TABLES)}, and a partition a number below {len(known)}; "
            f"got {shown(table)} and {shown(partition)}. Correct it."
        )
    return table, known[partition]
