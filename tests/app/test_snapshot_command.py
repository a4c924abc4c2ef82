"""What the command that takes snapshots shows."""

import io

import pytest
from rich.console import Console

from app.commands.snapshot import _show
from app.snapshots.taking import Taken


@pytest.mark.parametrize("columns", [80, 200])
def test_nothing_of_what_was_taken_is_cut(columns: int) -> None:
    """In a pipe and in a narrow terminal there are 80 columns: long addresses are folded."""
    worker = "http://worker-17.clickstream.example.com:6066"
    taken = Taken(
        table="click-counts",
        partition=1023,
        worker=worker,
        path="/x",
        offset=1_234_567,
        positions={"enriched-clicks": 7_654_321},
        bytes=123_456_789,
    )
    told = io.StringIO()
    _show(Console(file=told, width=columns), [taken], 1.0)
    lines = told.getvalue().splitlines()
    assert columns >= max(map(len, lines))
    for cell in ("click-counts 1023", "1,234,567", "7,654,321", "123.5 MB"):
        assert cell in lines[1]
    at = lines[0].index("worker")
    assert worker.removeprefix("http://") == "".join(line[at:].strip() for line in lines[1 : lines.index("")])
