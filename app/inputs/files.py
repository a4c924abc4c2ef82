"""Opening what is to be read: a file, a compressed file, standard input."""

import gzip
import io
import os
import zlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self, cast

from app.inputs.errors import InputError
from app.inputs.lines import Lines

#: Name of standard input.
STDIN = "-"

#: Bytes of a line at a file's beginning that tell the file from another of its name.
_HEAD_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Source:
    """Something to read lines from; a context manager that closes it.

    Attributes:
        name: File name without folders, or ``stdin``.
        lines: Its lines.
        head: The first two lines, which stay while the file grows; None where it can't be read
            again.
        size: Bytes as stored; None where unknown.
    """

    name: str
    lines: Lines
    head: bytes | None
    size: int | None
    _stored: BinaryIO

    @property
    def resumable(self) -> bool:
        """Whether a second run can go on where this one stops."""
        return self.head is not None

    def done(self) -> int:
        """Bytes read so far, as stored."""
        return self._stored.tell() if self.resumable else 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.resumable:
            self._stored.close()


def open_source(file: str) -> Source:
    """Open a file by its path; ``-`` is standard input, ``.gz`` is decompressed.

    Raises:
        InputError: There is no such file, or it can't be read.
    """
    if file == STDIN:
        # Not sys.stdin, whose lock a reading thread would hold when the process ends.
        stdin = cast("BinaryIO", os.fdopen(0, "rb", closefd=False))
        return Source("stdin", Lines(stdin), None, None, stdin)
    path = Path(file)
    try:
        stored = path.open("rb")
        head = stored.read(_HEAD_BYTES)
        stored.seek(0)
    except OSError as error:
        raise InputError(
            f"FILE must be a file that can be read, or - for standard input; {file}: "
            f"{error.strerror}."
        ) from None
    plain: BinaryIO = stored
    if path.name.endswith(".gz"):
        plain = cast("BinaryIO", io.BufferedReader(gzip.GzipFile(fileobj=stored)))
    with suppress(OSError, EOFError, zlib.error):  # what is damaged is told when it is loaded
        head = plain.readline(_HEAD_BYTES) + plain.readline(_HEAD_BYTES)
    plain.seek(0)
    return Source(path.name, Lines(plain), head, path.stat().st_size, stored)
