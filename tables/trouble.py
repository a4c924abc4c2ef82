"""What RocksDB and the disk say when a store can't be used, and what it means.

RocksDB raises plain exceptions: only their texts tell one trouble from another.
"""

from pathlib import Path

from models.errors import StoreError

#: A full disk, a spent quota, a limit on a file's size.
_FULL = ("No space left on device", "Disk quota exceeded", "File too large")
#: Another handle has the directory.
_LOCKED = ("/LOCK: ", "lock hold by current process")
#: Files that were cut, changed or deleted.
_DAMAGED = ("Corruption: ", "No such file or directory")

_SAFE = "Nothing is lost: the changelog has all rows."


def damaged(error: Exception) -> bool:
    """Whether the store's files are beyond use, so that it must be built anew."""
    said = str(error)
    return not _any(_FULL + _LOCKED, said) and _any(_DAMAGED, said)


def told(path: Path, error: Exception) -> StoreError:
    """The error to raise: the rule, what was got, the remedy.

    Args:
        path: The store's directory.
        error: RocksDB's, or the operating system's.
    """
    said = " ".join(str(error).split()).rstrip(".")
    if damaged(error):
        rule = f"The files of the store {path} must be whole; they are not"
        remedy = "They are deleted, and the worker's next start builds the store anew."
    elif _any(_LOCKED, said):
        rule = f"The store {path} must be this worker's alone; it is not"
        remedy = "Set CLICKSTREAM_DATA_DIR: each worker needs a directory of its own."
    else:
        rule = f"The data directory must be writable, as the store {path} is in it; it is not"
        mend = "Free space" if _any(_FULL, said) else "Mend that"
        remedy = f"{mend}, or set CLICKSTREAM_DATA_DIR."
    return StoreError(f"{rule}: {said}. {remedy} {_SAFE}")


def _any(signs: tuple[str, ...], said: str) -> bool:
    return any(sign in said for sign in signs)
