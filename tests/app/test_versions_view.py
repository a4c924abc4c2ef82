"""``GET /versions`` where Kafka is not as it should be."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from app.answers import Unavailable
from app.settings import Settings
from app.views.versions import views


async def _hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def _asked_of_one_that_hangs_up() -> None:
    server = await asyncio.start_server(_hang_up, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    settings = Settings.model_validate({"CLICKSTREAM_BROKER": f"kafka://127.0.0.1:{port}"})
    app: Any = SimpleNamespace(settings=settings)
    request: Any = None
    async with server:
        await views(app)["/versions"](request)


def test_a_broker_that_hangs_up_is_told_as_unavailable() -> None:
    """With 503 and what to correct, not as a fault of ours."""
    with pytest.raises(Unavailable, match="CLICKSTREAM_BROKER"):
        asyncio.run(_asked_of_one_that_hangs_up())
