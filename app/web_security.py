"""Who may read the web views, and how they prove to be the worker's."""

import ipaddress
import re
import socket
import ssl
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import SecretStr, model_validator
from pydantic_settings import BaseSettings

from app.credentials import client_context, read_secrets, server_context
from app.fields import setting

_HOST = r"^[A-Za-z0-9._-]+$"
#: Characters of a token at least: of 16 at random, nobody guesses one over the network.
_TOKEN_CHARS = 16
_TOKEN = re.compile(rf"[!-~]{{{_TOKEN_CHARS},}}")


def is_local(bind: str) -> bool:
    """Whether who listens on an address is reached from this machine alone."""
    try:
        return ipaddress.ip_address(bind).is_loopback
    except ValueError:
        return bind == "localhost"


class WebSecurity(BaseSettings):
    """The settings of the web views: where they listen, and to whom they answer."""

    web_bind: str = setting(
        "127.0.0.1",
        "WEB_BIND",
        "Address the web views listen on: IPv4, or a host name.",
        pattern=_HOST,
    )
    web_host: str | None = setting(
        None,
        "WEB_HOST",
        "Host name, or IPv4 address, under which other workers reach this one's web views.",
        pattern=_HOST,
    )
    web_token: SecretStr | None = setting(
        None, "WEB_TOKEN", "What a reader of the data must send, as Authorization: Bearer <token>."
    )
    web_token_file: Path | None = setting(
        None, "WEB_TOKEN_FILE", "A file that holds the token, instead."
    )
    web_cert: Path | None = setting(
        None, "WEB_CERT", "PEM file of the web server's certificate, and those above it: TLS."
    )
    web_key: Path | None = setting(
        None, "WEB_KEY", "PEM file of the certificate's key, without a passphrase."
    )
    web_ca: Path | None = setting(
        None,
        "WEB_CA",
        "PEM file of the authorities that other workers' certificates are checked by; the "
        "system's.",
    )

    @model_validator(mode="before")
    @classmethod
    def _read_token(cls, data: Any) -> Any:
        return read_secrets(data, "WEB_TOKEN")

    @model_validator(mode="after")
    def _web_fits(self) -> "WebSecurity":
        if faults := list(self._web_faults()):
            raise ValueError("\n".join(faults))
        if self.web_tls:  # a file that can't be read is told of now
            _ = self.web_context, self.peers_context
        return self

    @property
    def advertised_host(self) -> str:
        """The host other workers use to reach this one's web views."""
        if self.web_host is not None:
            return self.web_host
        return socket.gethostname() if self.web_bind == "0.0.0.0" else self.web_bind  # noqa: S104 compared, not bound

    @property
    def web_local(self) -> bool:
        """Whether the web views listen to this machine alone."""
        return is_local(self.web_bind)

    @property
    def web_tls(self) -> bool:
        """Whether the web views speak TLS."""
        return self.web_cert is not None

    @property
    def web_url(self) -> str:
        """Where other workers find this one's web views; the port is Faust's default."""
        return f"{'https' if self.web_tls else 'http'}://{self.advertised_host}:6066"

    @property
    def web_credentials(self) -> dict[str, str]:
        """Headers by which a worker lets its own kind in."""
        if self.web_token is None:
            return {}
        return {"Authorization": f"Bearer {self.web_token.get_secret_value()}"}

    @cached_property
    def web_context(self) -> ssl.SSLContext | None:
        """What the web server shows; None without TLS."""
        if self.web_cert is None or self.web_key is None:
            return None
        return server_context(self.web_cert, self.web_key)

    @cached_property
    def peers_context(self) -> ssl.SSLContext:
        """What the other workers are checked by."""
        return client_context("WEB", self.web_ca)

    def _web_faults(self) -> Iterator[str]:
        token = self.web_token.get_secret_value() if self.web_token else None
        if token is not None and _TOKEN.fullmatch(token) is None:
            yield (
                f"CLICKSTREAM_WEB_TOKEN must be {_TOKEN_CHARS} characters of ASCII at least, no "
                f"space among them; it has {len(token)}. Set one at random: openssl rand -hex 32"
            )
        if bool(self.web_cert) != bool(self.web_key):
            yield (
                "The web server's certificate goes with its key; one of CLICKSTREAM_WEB_CERT and "
                "CLICKSTREAM_WEB_KEY is missing. Set both, or none."
            )
        if self.web_ca and not self.web_cert:
            yield (
                "CLICKSTREAM_WEB_CA checks workers that speak TLS; this one does not. Set "
                "CLICKSTREAM_WEB_CERT and CLICKSTREAM_WEB_KEY, or unset it."
            )
