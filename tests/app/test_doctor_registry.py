"""Laws of the doctor's look at the schema registry."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from app.doctor.facts import Registry
from app.doctor.findings import Level
from app.doctor.machine import registry_of
from app.doctor.machine_checks import of_registry
from app.settings import Settings
from dev.kafka.ports import HOST, free_port


def at(url: str, **more: str) -> Settings:
    """The settings with a registry."""
    given = {f"CLICKSTREAM_SCHEMA_REGISTRY{name}": value for name, value in more.items()}
    return Settings(CLICKSTREAM_SCHEMA_REGISTRY=url, **given)  # type: ignore[arg-type, call-arg]  # by alias


@pytest.mark.parametrize(
    ("registry", "expected"),
    [
        (None, []),
        (Registry("http://r"), [Level.WELL]),
        (Registry("http://r", "It must answer; it does not (refused). Start it."), [Level.WRONG]),
    ],
)
def test_a_registry_that_is_set_must_answer(
    registry: Registry | None, expected: list[Level]
) -> None:
    """Without one there is nothing to say."""
    assert expected == [f.level for f in of_registry(registry)]


@pytest.mark.parametrize(
    ("path", "given", "expected"),
    [
        ("", {}, ""),
        ("", {"_TOKEN": "wrong"}, "401 'Unauthorized'"),
        ("/nowhere", {}, "it answers 404"),
    ],
)
def test_the_registry_is_asked_as_a_worker_asks(
    path: str, given: dict[str, str], expected: str
) -> None:
    """It need not know the schema; it must let us in, and have the API."""

    async def look() -> Registry | None:
        async with answering() as url:
            return await registry_of(at(url + path, **given))

    found = asyncio.run(look())
    assert found is not None
    assert (expected in found.fault, bool(found.fault)) == (True, bool(expected))


def test_where_no_registry_is_set_none_is_asked() -> None:
    """And a URL where nobody answers is told of with what to do."""
    assert asyncio.run(registry_of(Settings())) is None
    url = f"http://{HOST}:{free_port()}"
    [told] = of_registry(asyncio.run(registry_of(at(url))))
    assert told.text.startswith(f"The schema registry must answer at {url}; it does not (")
    assert told.text.endswith(". Records in its format wait for it.")
    assert "Start it, or correct CLICKSTREAM_SCHEMA_REGISTRY." == told.remedy


@asynccontextmanager
async def answering() -> AsyncIterator[str]:
    """A registry that has no schemas, and lets in those without a token alone."""

    async def answer(request: web.Request) -> web.Response:
        if "Authorization" in request.headers:
            return web.json_response({"error_code": 401, "message": "Unauthorized"}, status=401)
        return web.json_response({"error_code": 40403, "message": "Not found"}, status=404)

    app = web.Application()
    app.router.add_get("/schemas/ids/{id}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, HOST, port).start()
    try:
        yield f"http://{HOST}:{port}"
    finally:
        await runner.cleanup()
