"""SQL beside the event loop: what it gives, and its end."""

import asyncio
import time
from pathlib import Path

import pytest

from app.audit.rules import Choice, Rules
from app.audit.warehouse import Warehouse
from app.beside import beside
from app.settings import Settings

#: Minutes of work.
_LONG = "SELECT count(*) FROM range(1_000_000) a, range(1_000_000) b WHERE hash(a, b) % 7 = 0"


def test_what_the_work_gives_is_given(tmp_path: Path) -> None:
    """And what it raises, raised."""
    warehouse = Warehouse(tmp_path, Rules(Settings()).constants(), Choice())
    assert (7,) == asyncio.run(beside(warehouse, lambda: None, warehouse.one, "SELECT 7"))
    with pytest.raises(Exception, match="syntax error"):
        asyncio.run(beside(warehouse, lambda: None, warehouse.one, "SELECT FROM WHERE"))
    warehouse.close()


def test_who_asks_to_end_does_not_wait_for_the_query(tmp_path: Path) -> None:
    """Ctrl-C ends a query of minutes at once; the database is closed thereafter as ever."""
    warehouse = Warehouse(tmp_path, Rules(Settings()).constants(), Choice())
    began_s = time.monotonic()

    def proceed() -> None:
        if time.monotonic() > began_s + 0.3:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(beside(warehouse, proceed, warehouse.one, _LONG))
    assert time.monotonic() - began_s < 10
    warehouse.close()
