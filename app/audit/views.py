"""The tables' views, asked over the web: what a user would be told, from the live stores."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from aiohttp import ClientError, ClientSession, ClientTimeout
from yarl import URL

from app.audit.errors import AuditError
from app.audit.warehouse import Warehouse
from app.http import session
from app.settings import Settings
from app.topics import CLICK_COUNTS

#: Seconds an answer may take.
_SECONDS = ClientTimeout(total=10)
_NOT_FOUND, _OK = 404, 200


@dataclass(frozen=True, slots=True)
class Views:
    """Where to ask.

    Attributes:
        url: A worker's address.
        users: How many users to ask about.
        settings: How workers are asked.
    """

    url: str
    users: int
    settings: Settings


async def ask(views: Views, warehouse: Warehouse, *, at_rest: bool) -> None:
    """Put the final windows of some users, as the views tell them, into the warehouse.

    Args:
        views: Where to ask.
        warehouse: Where everything has been computed again.
        at_rest: The application was at rest meanwhile.

    Raises:
        AuditError: The worker does not answer as it must.
    """
    warehouse.execute(f"CREATE MACRO at_rest() AS {at_rest}")
    warehouse.run("views")
    users = [
        user
        for [user] in warehouse.rows(
            "SELECT DISTINCT user_id FROM final_window ORDER BY hash(user_id) LIMIT ?",
            [views.users],
        )
    ]
    warehouse.append("asked", [(user,) for user in users])
    async with session(views.settings, _SECONDS) as asking:
        for user in users:
            warehouse.append("told_window", await _windows(asking, views.url, user))


async def _windows(asking: ClientSession, url: str, user: str) -> Sequence[tuple[Any, ...]]:
    path = f"{url.rstrip('/')}/table/{CLICK_COUNTS}/{quote(user, safe='')}/"
    try:
        async with asking.get(URL(path, encoded=True)) as answer:
            if answer.status == _NOT_FOUND:
                return []
            if answer.status != _OK:
                raise _no_answer(path, f"status {answer.status}")
            windows = await answer.json(content_type=None)
        return [
            (user, w["windowStart"], w["windowEnd"], int(w["clickCount"]), w.get("revision", 0))
            for w in windows
            if w["final"]
        ]
    except (ClientError, TimeoutError, ValueError, KeyError, TypeError) as error:
        raise _no_answer(path, str(error) or type(error).__name__) from None


def _no_answer(path: str, why: str) -> AuditError:
    return AuditError(
        f"A worker must answer at {path} with a user's windows; got {why}. Give --web the address "
        "of a worker that runs, as http://127.0.0.1:6066."
    )
