"""The secret that makes users' hashes this installation's own."""

import secrets
from hashlib import blake2b
from pathlib import Path

from app.inputs.errors import InputError

FILE_NAME = "salt"

_SALT_BYTES = 32


def salt_of(given: str | None, data_dir: Path) -> bytes:
    """The salt that was given, or this installation's.

    One salt for all files keeps a user the same user in each; a random one made at first use and
    kept in the data directory, readable by its owner only, lets a load be resumed and repeated.

    Args:
        given: By option or environment.
        data_dir: The application's data directory; made where it is missing.

    Raises:
        InputError: The salt can't be read or kept.
    """
    if given:
        return given.encode()
    path = data_dir / FILE_NAME
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        _create(path)
        return path.read_bytes()
    except OSError as error:
        raise InputError(
            f"A web log's users are hashed with a salt kept in {path}: {error.strerror}. "
            "Set CLICKSTREAM_SALT, or CLICKSTREAM_DATA_DIR to a folder of yours."
        ) from None


def mark(salt: bytes) -> str:
    """Eight hexadecimal digits that tell one salt from another; too few to find it by."""
    return blake2b(salt, digest_size=4, person=b"salt mark").hexdigest()


def _create(path: Path) -> None:
    """Make the file whole or not at all, unless there is one."""
    if path.exists():
        return
    partial = path.with_name(f"{FILE_NAME}.{secrets.token_hex(4)}")
    partial.touch(mode=0o600)
    partial.write_bytes(secrets.token_hex(_SALT_BYTES).encode())
    try:
        path.hardlink_to(partial)
    except FileExistsError:
        pass
    finally:
        partial.unlink()
