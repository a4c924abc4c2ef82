"""How clients prove to Kafka who they are, and how Kafka proves it to them."""

import ssl
from collections.abc import Iterator
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import SecretStr, model_validator
from pydantic_settings import BaseSettings

from app.credentials import client_context, read_secrets
from app.fields import setting


class Protocol(StrEnum):
    """How a listener of Kafka is spoken to."""

    PLAINTEXT = "PLAINTEXT"
    SSL = "SSL"
    SASL_PLAINTEXT = "SASL_PLAINTEXT"
    SASL_SSL = "SASL_SSL"


class Mechanism(StrEnum):
    """How a user's password is proved; PLAIN sends it."""

    PLAIN = "PLAIN"
    SCRAM_SHA_256 = "SCRAM-SHA-256"
    SCRAM_SHA_512 = "SCRAM-SHA-512"


class KafkaSecurity(BaseSettings):
    """The settings of every Kafka client's security."""

    kafka_security: Protocol = setting(
        Protocol.PLAINTEXT,
        "KAFKA_SECURITY",
        "How Kafka is spoken to: PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL.",
    )
    kafka_sasl_mechanism: Mechanism | None = setting(
        None,
        "KAFKA_SASL_MECHANISM",
        "How the password is proved: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512 (SASL's default).",
    )
    kafka_username: str | None = setting(None, "KAFKA_USERNAME", "SASL: the user.")
    kafka_password: SecretStr | None = setting(None, "KAFKA_PASSWORD", "SASL: its password.")
    kafka_password_file: Path | None = setting(
        None, "KAFKA_PASSWORD_FILE", "A file that holds the password, instead."
    )
    kafka_ca: Path | None = setting(
        None,
        "KAFKA_CA",
        "SSL: PEM file of the authorities that Kafka's certificate is checked by; the system's.",
    )
    kafka_cert: Path | None = setting(
        None, "KAFKA_CERT", "SSL: PEM file of the client's certificate, where Kafka asks for one."
    )
    kafka_key: Path | None = setting(
        None, "KAFKA_KEY", "SSL: PEM file of the certificate's key, without a passphrase."
    )

    @model_validator(mode="before")
    @classmethod
    def _read_password(cls, data: Any) -> Any:
        return read_secrets(data, "KAFKA_PASSWORD")

    @model_validator(mode="after")
    def _fit_each_other(self) -> "KafkaSecurity":
        if faults := list(self._kafka_faults()):
            raise ValueError("\n".join(faults))
        if self._tls:
            _ = self._context  # a file that can't be read is told of now
        return self

    @property
    def security(self) -> dict[str, Any]:
        """The security arguments of aiokafka's clients."""
        arguments: dict[str, Any] = {"security_protocol": self.kafka_security.value}
        if self._tls:
            arguments["ssl_context"] = self._context
        if self._sasl and self.kafka_password is not None:
            arguments["sasl_mechanism"] = self.mechanism.value
            arguments["sasl_plain_username"] = self.kafka_username
            arguments["sasl_plain_password"] = self.kafka_password.get_secret_value()
        return arguments

    @property
    def mechanism(self) -> Mechanism:
        """SASL's mechanism: the strongest one by default."""
        return self.kafka_sasl_mechanism or Mechanism.SCRAM_SHA_512

    @cached_property
    def _context(self) -> ssl.SSLContext:
        return client_context("KAFKA", self.kafka_ca, self.kafka_cert, self.kafka_key)

    @property
    def _tls(self) -> bool:
        return self.kafka_security in {Protocol.SSL, Protocol.SASL_SSL}

    @property
    def _sasl(self) -> bool:
        return self.kafka_security in {Protocol.SASL_PLAINTEXT, Protocol.SASL_SSL}

    def _kafka_faults(self) -> Iterator[str]:
        got = f"CLICKSTREAM_KAFKA_SECURITY is {self.kafka_security.value}"
        of_sasl = {
            "USERNAME": self.kafka_username,
            "PASSWORD": self.kafka_password,
            "SASL_MECHANISM": self.kafka_sasl_mechanism,
        }
        of_tls = {"CA": self.kafka_ca, "CERT": self.kafka_cert, "KEY": self.kafka_key}
        for given, used, kind in ((of_sasl, self._sasl, "SASL"), (of_tls, self._tls, "SSL")):
            idle = [f"CLICKSTREAM_KAFKA_{name}" for name, value in given.items() if value]
            if idle and not used:
                yield (
                    f"{' and '.join(idle)} need {kind}; {got}. Set CLICKSTREAM_KAFKA_SECURITY to "
                    f"{'SASL_SSL or SASL_PLAINTEXT' if kind == 'SASL' else 'SSL or SASL_SSL'}, or "
                    f"unset {'it' if len(idle) == 1 else 'them'}."
                )
        if self._sasl and not (self.kafka_username and self.kafka_password):
            yield (
                f"SASL needs a user and a password; {got}, and one of them is missing. Set "
                "CLICKSTREAM_KAFKA_USERNAME, and CLICKSTREAM_KAFKA_PASSWORD or "
                "CLICKSTREAM_KAFKA_PASSWORD_FILE."
            )
        if bool(self.kafka_cert) != bool(self.kafka_key):
            yield (
                "A client's certificate goes with its key; one of CLICKSTREAM_KAFKA_CERT and "
                "CLICKSTREAM_KAFKA_KEY is missing. Set both, or none."
            )
