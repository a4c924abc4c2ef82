"""Secrets and certificates as they lie in files."""

import logging
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.fields import PREFIX


def read_secrets(data: Any, name: str) -> Any:
    """Settings with a secret that is given as a file, read.

    Args:
        data: The settings as they were given, by variable.
        name: The secret's, without the prefix; its file's ends in ``_FILE``.

    Raises:
        ValueError: The secret is given twice, or the file can't be read, or is empty.
    """
    variable, by_file = f"{PREFIX}{name}", f"{PREFIX}{name}_FILE"
    if not isinstance(data, Mapping) or not data.get(by_file):
        return data
    if data.get(variable):
        raise ValueError(f"One secret is given once; {variable} and {by_file} are set. Unset one.")
    path = data[by_file]
    try:
        secret = Path(path).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(
            f"{by_file} must be a text file that can be read; {path} is not ({_why(error)}). "
            f"Correct it, or set {variable}."
        ) from None
    if not secret:
        raise ValueError(f"{by_file} must hold the secret; {path} is empty. Write it there.")
    return {**data, variable: secret}


def hide_passwords() -> None:
    """Keep Kafka's client from writing to the log what proves a password: for PLAIN, itself."""
    logging.getLogger("aiokafka.conn").addFilter(_proves_nothing)


def _proves_nothing(record: logging.LogRecord) -> bool:
    return not any(type(arg).__name__.startswith("SaslAuthenticate") for arg in record.args or ())


def client_context(
    kind: str, ca: Path | None, cert: Path | None = None, key: Path | None = None
) -> ssl.SSLContext:
    """What a client checks servers by, and shows them: TLS 1.2 or newer, names are checked.

    Args:
        kind: ``KAFKA`` or ``WEB``, as the settings are called.
        ca: Authorities; None: the system's.
        cert: The client's certificate, if it has one.
        key: The certificate's key.

    Raises:
        ValueError: A file can't be read, or is not what it must be.
    """
    context = ssl.create_default_context()
    if ca is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts nobody yet
        _load(f"{PREFIX}{kind}_CA", ca, lambda: context.load_verify_locations(ca))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if cert is not None and key is not None:
        _load_chain(kind, context, cert, key)
    return context


def server_context(cert: Path, key: Path) -> ssl.SSLContext:
    """What the web server shows its clients: TLS 1.2 or newer.

    Raises:
        ValueError: A file can't be read, or is not what it must be.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _load_chain("WEB", context, cert, key)
    return context


def _load_chain(kind: str, context: ssl.SSLContext, cert: Path, key: Path) -> None:
    for path, end in ((cert, "CERT"), (key, "KEY")):
        _load(f"{PREFIX}{kind}_{end}", path, path.read_bytes)
    # Without a password it would ask the terminal for that of a key that has one.
    _load(
        f"{PREFIX}{kind}_CERT and {PREFIX}{kind}_KEY",
        f"{cert} with {key}",
        lambda: context.load_cert_chain(cert, key, password=""),
    )


def _load(variables: str, files: object, load: Any) -> None:
    try:
        load()
    except OSError as error:  # ssl's own among them
        raise ValueError(
            f"{variables} must name PEM files (certificate and key belong together, a key has no "
            f"passphrase); {files} can't be used ({_why(error)}). Correct it."
        ) from None


def _why(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
