"""Laws of the schema registry's client, and of its settings."""

import asyncio
import base64
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from aiohttp import web

from app.credentials import server_context
from app.registry.client import RegistryClient, RegistryError
from app.settings import Settings, load_settings
from dev.kafka.ports import HOST, free_port
from dev.kafka.security import make_authority, make_certificate
from models.errors import SettingsError
from models.formats import Registered
from tests.agents.fakes import in_loop


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


#: An answer that says it is compressed, and is not.
TORN = "/v1/schemas/ids/23"
#: Answers that do not come in one piece: a schema in two, and more bytes than any schema has.
IN_PIECES = {
    "/v1/schemas/ids/20": [b'{"schema": "tr', b'ue"}'],
    "/v1/schemas/ids/21": [b" " * (1 << 20)] * 17,
    "/v1/schemas/ids/22": [b'{"schema": "{}", "more":', b"[" * 100_000],
}


@asynccontextmanager
async def serving(seen: list[web.Request], tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """A registry that gives ANSWERS, at a URL."""

    async def answer(request: web.Request) -> web.StreamResponse:
        seen.append(request)
        if request.raw_path == TORN:
            return web.Response(body=b"torn", headers={"Content-Encoding": "gzip"})
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
    await web.TCPSite(runner, HOST, port, ssl_context=tls).start()
    try:
        yield f"http{'s' if tls else ''}://{HOST}:{port}/v1/"
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
        with pytest.raises(RegistryError, match=r"it does not \(Connection refused\)\. Start it"):
            await client.schema(1)


@in_loop
async def test_what_is_wrong_is_told_in_one_line() -> None:
    """Whatever the client library says."""
    async with serving([]) as url, RegistryClient.connected(settings(url)) as client:
        with pytest.raises(RegistryError, match=r"must answer .* gzip.*CLICKSTREAM_SCHEMA_REGIST"):
            await client.schema(23)


@in_loop
async def test_a_certificate_of_nobody_known_is_told_of_with_the_setting(tmp_path: Path) -> None:
    """With that set, the registry is asked."""
    make_authority(tmp_path)
    make_certificate(tmp_path, "server")
    async with serving([], server_context(tmp_path / "server.pem", tmp_path / "server.key")) as url:
        async with RegistryClient.connected(settings(url)) as client:
            with pytest.raises(RegistryError, match=r"verify failed.*in CLICKSTREAM_SC"):
                await client.schema(1)
        ours = settings(url, _CA=str(tmp_path / "ca.pem"))
        async with RegistryClient.connected(ours) as client:
            assert await client.schema(1) is not None


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
