"""What the schema registry is asked: what the APIs of Confluent, Apicurio and others share."""

import os
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Self
from urllib.parse import quote

import aiohttp
import msgspec

from app.registry.security import SchemaRegistry
from models.errors import ClickstreamError, shown
from models.formats import Registered

#: Seconds that an answer may take: a look-up takes milliseconds.
_ANSWER_SECONDS = 5.0
#: Bytes of an answer at most: schemas are thousands, and no answer may fill the memory.
_MAX_BYTES = 16 * 1024 * 1024
#: Schemas that one refers to, directly or not.
_MAX_REFERENCES = 100
#: What a body that is none raises when it is read: no JSON, or not this, or nested too deep.
_NO_ANSWER = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
#: The registry's own codes for a subject, a version and an id that it does not know. A 404 without
#: one is of something else.
_UNKNOWN = frozenset({40401, 40402, 40403})


class RegistryError(ClickstreamError):
    """The schema registry does not tell: nothing is known of the schema."""


class _UnknownError(Exception):
    """The registry says that it does not know what it was asked for."""


class _Reference(msgspec.Struct):
    name: str
    subject: str
    version: int


class _Answer(msgspec.Struct, rename="camel"):
    schema: str
    schema_type: str | None = None
    references: list[_Reference] | None = None


class _Refusal(msgspec.Struct):
    error_code: int = 0
    message: str = ""


class RegistryClient:
    """Asks one registry, over one session."""

    def __init__(
        self, url: str, session: aiohttp.ClientSession, context: ssl.SSLContext | None
    ) -> None:
        """Ask over a session; see :meth:`connected`."""
        self._url = url.rstrip("/")
        self._session = session
        self._ssl = True if context is None else context

    @classmethod
    @asynccontextmanager
    async def connected(cls, settings: SchemaRegistry) -> AsyncIterator[Self]:
        """A client of the registry that is set, for as long as it is used."""
        timeout = aiohttp.ClientTimeout(total=_ANSWER_SECONDS)
        headers = {"Accept": "application/vnd.schemaregistry.v1+json, application/json"}
        async with aiohttp.ClientSession(
            timeout=timeout, headers=headers | _credentials(settings)
        ) as session:
            yield cls(settings.schema_registry or "", session, settings.registry_context)

    async def schema(self, schema_id: int) -> Registered | None:
        """A schema by its id; None if the registry does not know it, or what it refers to.

        Raises:
            RegistryError: It does not answer, or not as a registry does.
        """
        if schema_id < 0:
            return None  # ids are positive: some registries take no others in a path
        references: dict[str, str] = {}
        try:
            answer = await self._ask(f"/schemas/ids/{schema_id}")
            await self._follow(answer, references, set())
        except _UnknownError:
            return None
        return Registered(schema_id, answer.schema_type or "AVRO", answer.schema, references)

    async def _follow(self, answer: _Answer, references: dict[str, str], begun: set[str]) -> None:
        """Read what a schema refers to; what that refers to comes before it."""
        for reference in answer.references or ():
            if reference.name in begun:
                continue
            if len(begun) >= _MAX_REFERENCES:
                return  # the schema will lack one, and be said not to be usable
            begun.add(reference.name)
            subject = quote(reference.subject, safe="")
            other = await self._ask(f"/subjects/{subject}/versions/{reference.version}")
            await self._follow(other, references, begun)
            references[reference.name] = other.schema

    async def _ask(self, path: str) -> _Answer:
        status, body = await self._get(path)
        refusal = _Refusal() if status == HTTPStatus.OK else _refusal(body)
        if status == HTTPStatus.NOT_FOUND and refusal.error_code in _UNKNOWN:
            raise _UnknownError
        why = f"{status} {shown(refusal.message) if refusal.message else ''}".rstrip()
        try:
            if status == HTTPStatus.OK:
                return msgspec.json.decode(body, type=_Answer)
        except _NO_ANSWER:
            why = "what is no answer of a registry"
        raise RegistryError(
            f"The schema registry must answer at {self._url}; it answers {why}. See to it, or "
            "correct CLICKSTREAM_SCHEMA_REGISTRY and its credentials."
        )

    async def _get(self, path: str) -> tuple[int, bytes]:
        try:
            async with self._session.get(
                self._url + path, ssl=self._ssl, allow_redirects=False
            ) as answer:
                return answer.status, await self._body(answer)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise RegistryError(
                f"The schema registry must answer at {self._url}; it does not ({_why(error)}). "
                f"{_remedy(error)}, or correct CLICKSTREAM_SCHEMA_REGISTRY."
            ) from None

    async def _body(self, answer: aiohttp.ClientResponse) -> bytes:
        body = bytearray()
        async for piece in answer.content.iter_any():
            body += piece
            if len(body) > _MAX_BYTES:
                raise RegistryError(
                    f"The schema registry must answer at {self._url} with a schema; it answers "
                    f"with more than {_MAX_BYTES} bytes. See to it, or correct "
                    "CLICKSTREAM_SCHEMA_REGISTRY."
                )
        return bytes(body)


def _refusal(body: bytes) -> _Refusal:
    try:
        return msgspec.json.decode(body, type=_Refusal)
    except _NO_ANSWER:
        return _Refusal()


def _why(error: Exception) -> str:
    """What was in the way, without the objects that aiohttp names."""
    if isinstance(error, TimeoutError):
        return f"no answer in {_ANSWER_SECONDS:g} s"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        error = error.certificate_error
    elif isinstance(error, aiohttp.ClientConnectorError):
        error = error.os_error
    if isinstance(error, ConnectionError) and error.errno:
        return os.strerror(error.errno)
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(text.split())


def _remedy(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return "Name its authority in CLICKSTREAM_SCHEMA_REGISTRY_CA"
    return "Start it"


def _credentials(settings: SchemaRegistry) -> dict[str, str]:
    if settings.schema_registry_token is not None:
        return {"Authorization": f"Bearer {settings.schema_registry_token.get_secret_value()}"}
    if settings.schema_registry_username and settings.schema_registry_password is not None:
        secret = settings.schema_registry_password.get_secret_value()
        user = settings.schema_registry_username
        return {"Authorization": aiohttp.encode_basic_auth(user, secret, "utf-8")}
    return {}
