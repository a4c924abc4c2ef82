"""Laws of the wait for a schema registry that does not answer, and of what is known of it."""

import asyncio
import logging

import pytest

from app.registry.known import KnownSchemas, known_schemas
from app.settings import Settings
from models.errors import RecordRejected
from models.wire import opened
from tests.agents.fakes import eventually, in_loop
from tests.app.fake_registry import FakeSource
from tests.models.wires import wired


def test_a_registry_that_is_down_is_waited_for_and_said_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Until it answers, and that is said too; meanwhile the trouble is known."""
    source = FakeSource({1: "{}"})
    source.failures = 3
    known = KnownSchemas(source.connected, retry_seconds=0.01)

    async def learn() -> str:
        learning = asyncio.create_task(known.learn({1}))
        await eventually(lambda: known.trouble)
        trouble = known.trouble
        await learning
        return trouble

    with caplog.at_level(logging.INFO):
        assert "The schema registry must answer; it does not. Start it." == asyncio.run(learn())
    assert ([1], "") == ([*known.formats], known.trouble)
    texts = [record.getMessage() for record in caplog.records if "registry" in record.getMessage()]
    assert ["must answer" in texts[0], "answers again" in texts[-1], 2] == [True, True, len(texts)]


def test_a_wait_that_is_given_up_is_no_trouble_any_more() -> None:
    """The partition is another worker's now: here, no record waits."""
    source = FakeSource({})
    source.failures = 1_000
    known = KnownSchemas(source.connected, retry_seconds=0.01)

    async def give_up() -> str:
        learning = asyncio.create_task(known.learn({1}))
        await eventually(lambda: known.trouble)
        learning.cancel()
        await asyncio.wait([learning])
        return known.trouble

    assert "" == asyncio.run(give_up())


def test_an_answer_to_one_does_not_hide_that_another_waits(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A registry may fail at one schema alone; the trouble lasts as long as somebody has it."""
    source = FakeSource({1: "{}", 2: "{}"})
    source.failing = {1}
    known = KnownSchemas(source.connected, retry_seconds=0.01)

    async def both() -> str:
        learning = asyncio.create_task(known.learn({1}))
        await eventually(lambda: known.trouble)
        await known.learn({2})
        trouble = known.trouble
        source.failing = set()
        await learning
        return trouble

    with caplog.at_level(logging.INFO):
        assert "must answer" in asyncio.run(both())
    assert "" == known.trouble
    assert 2 == len([r for r in caplog.records if "registry" in r.getMessage()])


@in_loop
async def test_what_was_answered_is_not_asked_again_in_one_wait() -> None:
    """One that answers only some at a time, to keep its load down, ends in telling all."""
    source = FakeSource({})
    source.at_a_time = 20
    known = KnownSchemas(source.connected, retry_seconds=0.01)
    async with asyncio.timeout(10):
        await known.learn(range(1, 101))
    assert set(range(1, 101)) == set(source.asked)
    assert ({}, "") == (known.formats, known.trouble)


@in_loop
async def test_what_is_known_is_not_asked_for_again_and_what_is_unknown_is() -> None:
    """An id means the same for ever; a schema may be registered later."""
    source = FakeSource({1: "{}"})
    known = KnownSchemas(source.connected)
    await known.learn({1, 2})
    with pytest.raises(RecordRejected, match="unknown_schema"):
        opened(wired(2, {}), known.formats)
    source.schemas[2] = "{}"
    await known.learn({1, 2})
    assert b"{}" == opened(wired(2, {}), known.formats)
    assert [1, 2, 2] == source.asked


def test_without_a_url_nothing_is_known() -> None:
    """There is no registry to ask."""
    assert known_schemas(Settings()) is None
