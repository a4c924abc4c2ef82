"""Laws of the schema registry's client, and of the wait for a registry that does not answer."""

import asyncio
import base64
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from aiohttp import web

from app.registry.client import RegistryClient, RegistryError
from app.registry.known import KnownSchemas, known_schemas
from app.settings import Settings, load_settings
from dev.kafka.ports import HOST, free_port
from models.errors import RecordRejected, SettingsError
from models.formats import Registered
from models.wire import opened
from tests.agents.fakes import eventually, in_loop
from tests.app.fake_registry import FakeSource
from tests.models.wires import wired


def reference(name: str) -> dict[str, object]:
    """To the first version of the subject of that name."""
    return {"name": name, "subject": name, "version": 1}


UNKNOWN = {"error_code": 40403, "message": "Schema not found"}
ANSWERS: dict[str, tuple[int, object]] = {
    "/v1/schemas/ids/1": (200, {"schema": '"string"'}),
    "/v1/schemas/ids/2": (
        200,
        {
            "schemaType": "JSON",
            "schema": '{"$ref":"a/b"}',
            "references": [{"name": "a/b", "subject": "s/x", "version": 3}],
        },
    ),
    "/v1/subjects/s%2Fx/versions/3": (
        200,
        {"schema": "{}", "references": [{"name": "c", "subject": "c", "version": 1}]},
    ),
    "/v1/subjects/c/versions/1": (200, {"schema": "true"}),
    "/v1/schemas/ids/9": (404, UNKNOWN),
    "/v1/schemas/ids/10": (404, {"error_code": 404, "message": "no such path"}),
    "/v1/schemas/ids/11": (401, {"error_code": 401, "message": "Unauthorized"}),
    "/v1/schemas/ids/12": (503, "<html>"),
    "/v1/schemas/ids/13": (200, {"id": 13}),
    "/v1/schemas/ids/14": (302, {}),
    "/v1/schemas/ids/15": (200, {"schema": "true", "schemaType": None, "references": None}),
    "/v1/schemas/ids/16": (200, {"schema": "{}", "references": [reference("round")]}),
    "/v1/subjects/round/versions/1": (200, {"schema": "{}", "references": [reference("about")]}),
    "/v1/subjects/about/versions/1": (200, {"schema": "true", "references": [reference("round")]}),
    "/v1/schemas/ids/17": (200, {"schema": "{}", "references": [reference("gone")]}),
    "/v1/subjects/gone/versions/1": (404, {"error_code": 40401, "message": "Subject not found"}),
}


#: Answers that do not come in one piece: a schema in two, and more bytes than any schema has.
IN_PIECES = {
    "/v1/schemas/ids/20": [b'{"schema": "tr', b'ue"}'],
    "/v1/schemas/ids/21": [b" " * (1 << 20)] * 17,
    "/v1/schemas/ids/22": [b'{"schema": "{}", "more":', b"[" * 100_000],
}


@asynccontextmanager
async def serving(seen: list[web.Request]) -> AsyncIterator[str]:
    """A registry that gives ANSWERS, at a URL."""

    async def answer(request: web.Request) -> web.StreamResponse:
        seen.append(request)
        if request.raw_path in IN_PIECES:
            return await in_pieces(request)
        status, body = ANSWERS[request.raw_path]
        headers = {"Location": "/v1/schemas/ids/1"}
        return web.Response(status=status, body=json.dumps(body), headers=headers)

    async def in_pieces(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        with suppress(ConnectionError):  # nobody reads on what is too much
            for piece in IN_PIECES[request.raw_path]:
                await response.write(piece)
                await asyncio.sleep(0.01)
        return response

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, HOST, port).start()
    try:
        yield f"http://{HOST}:{port}/v1/"
    finally:
        await runner.cleanup()


def settings(url: str, **more: str) -> Settings:
    """The settings with this registry."""
    given = {f"CLICKSTREAM_SCHEMA_REGISTRY{name}": value for name, value in more.items()}
    return Settings(CLICKSTREAM_SCHEMA_REGISTRY=url, **given)  # type: ignore[arg-type, call-arg]  # by alias


@in_loop
async def test_a_schema_comes_with_all_that_it_refers_to() -> None:
    """In the order in which they need each other; without a type it is Avro."""
    async with serving([]) as url, RegistryClient.connected(settings(url)) as client:
        assert Registered(1, "AVRO", '"string"') == await client.schema(1)
        references = {"c": "true", "a/b": "{}"}
        found = await client.schema(2)
        assert Registered(2, "JSON", '{"$ref":"a/b"}', references) == found
        assert found is not None
        assert list(references) == list(found.references)


@in_loop
async def test_an_answer_is_read_to_its_end_however_it_comes() -> None:
    """A large schema comes in several pieces; what is larger than any schema is not kept."""
    async with serving([]) as url, RegistryClient.connected(settings(url)) as client:
        assert Registered(20, "AVRO", "true") == await client.schema(20)
        with pytest.raises(RegistryError, match="more than 16777216 bytes"):
            await client.schema(21)


@in_loop
async def test_references_that_go_round_are_each_read_once() -> None:
    """No registry takes them in; one that tells them all the same does not end the worker."""
    async with serving([]) as url, RegistryClient.connected(settings(url)) as client:
        found = await client.schema(16)
        assert found is not None
        assert {"round": "{}", "about": "true"} == found.references


@in_loop
async def test_a_schema_is_unknown_as_long_as_one_that_it_refers_to_is() -> None:
    """It could not be used, and to wait for what was deleted would be for ever."""
    async with serving([]) as url, RegistryClient.connected(settings(url)) as client:
        assert await client.schema(17) is None


@in_loop
async def test_what_is_null_in_an_answer_is_not_there() -> None:
    """Some registries write what others leave out."""
    async with serving([]) as url, RegistryClient.connected(settings(url)) as client:
        assert Registered(15, "AVRO", "true") == await client.schema(15)


@in_loop
async def test_a_schema_is_unknown_only_if_the_registry_says_so() -> None:
    """By its own code: any other 404 is of a wrong URL. A negative id is nobody's."""
    seen: list[web.Request] = []
    async with serving(seen) as url, RegistryClient.connected(settings(url)) as client:
        assert (None, None) == (await client.schema(9), await client.schema(-7))
        assert ["/v1/schemas/ids/9"] == [request.path for request in seen]
        for schema_id in (10, 11, 12, 13, 14, 22):
            with pytest.raises(RegistryError, match="must answer at"):
                await client.schema(schema_id)


@in_loop
async def test_a_registry_that_is_not_there_is_told_of_with_its_url() -> None:
    """And with the setting to correct."""
    url = f"http://{HOST}:{free_port()}"
    async with RegistryClient.connected(settings(url)) as client:
        with pytest.raises(RegistryError, match=f"{url}; it does not .*CLICKSTREAM_SCHEMA_REGIST"):
            await client.schema(1)


@in_loop
async def test_a_registry_that_answers_too_slowly_is_told_of_with_the_time_it_had(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Byte by byte is no answer, either: the time is for all of it."""
    monkeypatch.setattr("app.registry.client._ANSWER_SECONDS", 0.01)
    async with serving([]) as url, RegistryClient.connected(settings(url)) as client:
        with pytest.raises(RegistryError, match=r"it does not \(no answer in 0.01 s\)"):
            await client.schema(20)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, None),
        ({"_TOKEN": "t0ken"}, "Bearer t0ken"),
        (
            {"_USERNAME": "kéy", "_PASSWORD": "s"},
            "Basic " + base64.b64encode("kéy:s".encode()).decode(),
        ),
    ],
)
def test_the_registry_is_shown_the_credentials_that_are_set(
    given: dict[str, str], expected: str | None
) -> None:
    """A token, or a user with a password, or nothing."""
    seen: list[web.Request] = []

    async def ask() -> None:
        async with (
            serving(seen) as url,
            RegistryClient.connected(settings(url, **given)) as client,
        ):
            await client.schema(1)

    asyncio.run(ask())
    assert [expected] == [request.headers.get("Authorization") for request in seen]


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


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"": "registry:8081"}, "http"),
        ({"": "https://user:secret@registry"}, "without a user"),
        ({"_TOKEN": "t"}, "CLICKSTREAM_SCHEMA_REGISTRY is not set"),
        ({"": "http://r", "_USERNAME": "u"}, "Set both, or none"),
        ({"": "http://r", "_USERNAME": "u", "_PASSWORD": "p", "_TOKEN": "t"}, "user or a token"),
        ({"": "http://a..b"}, "CLICKSTREAM_SCHEMA_REGISTRY"),
        ({"": "http://r:99999"}, "CLICKSTREAM_SCHEMA_REGISTRY"),
        ({"": "http://[::1"}, "CLICKSTREAM_SCHEMA_REGISTRY"),
        ({"": "http://r", "_TOKEN": "a\nb"}, "no space"),
        ({"": "https://r", "_CA": "/nowhere"}, "SCHEMA_REGISTRY_CA must name PEM"),
    ],
)
def test_settings_that_clash_are_refused_with_a_remedy(
    given: dict[str, str], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything starts."""
    for name, value in given.items():
        monkeypatch.setenv(f"CLICKSTREAM_SCHEMA_REGISTRY{name}", value)
    with pytest.raises(SettingsError, match=words):
        load_settings()


def test_without_a_url_nothing_is_known() -> None:
    """There is no registry to ask."""
    assert known_schemas(Settings()) is None
