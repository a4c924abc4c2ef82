"""Where the schema registry is, and how it lets its clients in."""

import re
import ssl
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr, model_validator
from pydantic_settings import BaseSettings

from app.credentials import client_context, read_secrets
from app.fields import setting
from models.errors import shown

#: A name, of labels as DNS has them, or an address.
_HOST = r"([\w-]{1,63}(\.[\w-]{1,63})*\.?|\[[0-9a-fA-F:.]+\])"
#: What a header takes.
_TOKEN = re.compile(r"[\x21-\x7e]+")


class SchemaRegistry(BaseSettings):
    """The settings of the schema registry."""

    schema_registry: str | None = setting(
        None,
        "SCHEMA_REGISTRY",
        "URL of the schema registry, by whose schemas inputs in Confluent's wire format are read: "
        "http(s)://host[:port][/path], without a user.",
        pattern=r"^https?://" + _HOST + r"(:\d{1,5})?(/[^\s@?#]*)?$",
    )
    schema_registry_username: str | None = setting(
        None,
        "SCHEMA_REGISTRY_USERNAME",
        "Schema registry: the user, or the API key; no colon.",
        pattern="^[^:]+$",
    )
    schema_registry_password: SecretStr | None = setting(
        None, "SCHEMA_REGISTRY_PASSWORD", "Schema registry: its password, or the key's secret."
    )
    schema_registry_password_file: Path | None = setting(
        None, "SCHEMA_REGISTRY_PASSWORD_FILE", "A file that holds the password, instead."
    )
    schema_registry_token: SecretStr | None = setting(
        None,
        "SCHEMA_REGISTRY_TOKEN",
        "Schema registry: what is sent as Authorization: Bearer <token>, instead of a user.",
    )
    schema_registry_token_file: Path | None = setting(
        None, "SCHEMA_REGISTRY_TOKEN_FILE", "A file that holds the token, instead."
    )
    schema_registry_ca: Path | None = setting(
        None,
        "SCHEMA_REGISTRY_CA",
        "PEM file of the authorities that the schema registry's certificate is checked by; the "
        "system's.",
    )

    @model_validator(mode="before")
    @classmethod
    def _read_registry_secrets(cls, data: Any) -> Any:
        data = read_secrets(data, "SCHEMA_REGISTRY_PASSWORD")
        return read_secrets(data, "SCHEMA_REGISTRY_TOKEN")

    @model_validator(mode="after")
    def _registry_fits(self) -> "SchemaRegistry":
        if faults := list(self._registry_faults()):
            raise ValueError("\n".join(faults))
        _ = self.registry_context  # a file that can't be read is told of now
        return self

    @cached_property
    def registry_context(self) -> ssl.SSLContext | None:
        """What the registry is checked by; None where it speaks plain HTTP."""
        if self.schema_registry is None or not self.schema_registry.startswith("https:"):
            return None
        return client_context("SCHEMA_REGISTRY", self.schema_registry_ca)

    def _registry_faults(self) -> Iterator[str]:
        given = {
            "USERNAME": self.schema_registry_username,
            "PASSWORD": self.schema_registry_password,
            "TOKEN": self.schema_registry_token,
            "CA": self.schema_registry_ca,
        }
        idle = [f"CLICKSTREAM_SCHEMA_REGISTRY_{name}" for name, value in given.items() if value]
        if idle and self.schema_registry is None:
            yield (
                f"{' and '.join(idle)} need the registry's URL; CLICKSTREAM_SCHEMA_REGISTRY is "
                f"not set. Set it, or unset {'it' if len(idle) == 1 else 'them'}."
            )
        try:
            _ = urlsplit(self.schema_registry or "").port
        except ValueError as error:
            yield (
                f"CLICKSTREAM_SCHEMA_REGISTRY must be a URL; got {shown(self.schema_registry)} "
                f"({error}). Correct it."
            )
        token = self.schema_registry_token
        if token is not None and _TOKEN.fullmatch(token.get_secret_value()) is None:
            yield (
                "CLICKSTREAM_SCHEMA_REGISTRY_TOKEN must be ASCII with no space in it: it is sent "
                "in a header. Set what the registry gave out."
            )
        if bool(self.schema_registry_username) != bool(self.schema_registry_password):
            yield (
                "The schema registry's user goes with a password; one of "
                "CLICKSTREAM_SCHEMA_REGISTRY_USERNAME and CLICKSTREAM_SCHEMA_REGISTRY_PASSWORD is "
                "missing. Set both, or none."
            )
        if self.schema_registry_username and self.schema_registry_token:
            yield (
                "The schema registry is shown a user or a token; both are set. Unset "
                "CLICKSTREAM_SCHEMA_REGISTRY_USERNAME or CLICKSTREAM_SCHEMA_REGISTRY_TOKEN."
            )
