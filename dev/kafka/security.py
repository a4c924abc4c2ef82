"""A local broker's other listeners: passwords (SASL), certificates (TLS), and permissions.

Beside the plain listener, on which everybody is `User:ANONYMOUS` and may do everything::

    with LocalKafka(directory, security=Security(directory / "tls", {"alice": "secret"})) as kafka:
        kafka.secure("SASL_SSL")  # host:port
"""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dev.kafka import ports
from dev.kafka.errors import KafkaError

PROTOCOLS = ("SSL", "SASL_PLAINTEXT", "SASL_SSL")
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
_DAYS = "2"
"""How long certificates are good for: they are made for one run."""


@dataclass(frozen=True)
class Security:
    """Who is let in by which listener."""

    directory: Path
    """Keeps the certificates; made where it is missing."""
    users: Mapping[str, str] = field(repr=False)
    """Passwords by name, for each mechanism."""
    ports: Mapping[str, int] = field(
        default_factory=lambda: {protocol: ports.free_port() for protocol in PROTOCOLS}
    )

    @property
    def ca(self) -> Path:
        """The certificate of the authority that signs all others."""
        return self.directory / "ca.pem"

    def make(self) -> None:
        """Make the authority, and the server's certificate, where there is none."""
        if not self.ca.exists():
            self.directory.mkdir(parents=True, exist_ok=True)
            make_authority(self.directory)
            make_certificate(self.directory, "server")

    def properties(self) -> dict[str, object]:
        """The broker's, beside those of the plain listener."""
        both = self.directory / "server-both.pem"
        both.write_bytes(
            b"".join((self.directory / f"server.{end}").read_bytes() for end in ("key", "pem"))
        )
        settings: dict[str, object] = {
            "listener.security.protocol.map": ",".join(
                f"{name}:{name}" for name in ("PLAINTEXT", *PROTOCOLS)
            )
            + ",CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name": "PLAINTEXT",
            "sasl.enabled.mechanisms": ",".join(MECHANISMS),
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": both,
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": self.ca,
            "listener.name.ssl.ssl.client.auth": "required",
            # Nobody may do anything but who was given it, and the plain listener's everybody.
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:ANONYMOUS",
        }
        return settings | self._logins()

    def listeners(self) -> str:
        """Listeners, as Kafka's configuration names them."""
        return ",".join(f"{name}://{ports.HOST}:{port}" for name, port in self.ports.items())

    def credentials(self) -> list[str]:
        """Arguments that write the users' SCRAM credentials when the data is formatted."""
        return [
            f"--add-scram={mechanism}=[name={user},password={password}]"
            for mechanism in MECHANISMS
            if mechanism.startswith("SCRAM")
            for user, password in self.users.items()
        ]

    def _logins(self) -> dict[str, object]:
        known = " ".join(f'user_{user}="{password}"' for user, password in self.users.items())
        scram = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
        plain = f"org.apache.kafka.common.security.plain.PlainLoginModule required {known};"
        return {
            f"listener.name.{protocol.lower()}.{mechanism.lower()}.sasl.jaas.config": (
                plain if mechanism == "PLAIN" else scram
            )
            for protocol in PROTOCOLS
            if protocol.startswith("SASL")
            for mechanism in MECHANISMS
        }


def make_authority(directory: Path) -> None:
    """Make an authority: `ca.key` and `ca.pem`."""
    _openssl(
        directory,
        *("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", _DAYS),
        *("-subj", "/CN=clickstream test authority", "-keyout", "ca.key", "-out", "ca.pem"),
    )


def make_certificate(directory: Path, name: str) -> None:
    """Make a certificate of the directory's authority for this machine: `<name>.key`, `.pem`.

    Args:
        directory: Holds the authority.
        name: The files', and the subject's common name.
    """
    _openssl(
        directory,
        *("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", _DAYS),
        *("-CA", "ca.pem", "-CAkey", "ca.key", "-subj", f"/CN={name}"),
        *("-addext", f"subjectAltName=IP:{ports.HOST},DNS:localhost"),
        *("-addext", "basicConstraints=critical,CA:FALSE"),
        *("-keyout", f"{name}.key", "-out", f"{name}.pem"),
    )


def _openssl(directory: Path, *arguments: str) -> None:
    done = subprocess.run(
        ["openssl", *arguments], cwd=directory, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise KafkaError(f"openssl could not make a certificate: {done.stderr}")
