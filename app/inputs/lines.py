"""The lines of a file, counted, with a checksum of all that was read."""

import zlib
from collections.abc import Iterator
from typing import BinaryIO

from app.inputs.errors import DamagedFileError

#: Bytes of a line that is still read whole. The broker takes records of 1 MiB into the inputs by
#: default, and a record is a little more than its value.
MAX_LINE_BYTES = 1_000_000

_BOM = b"\xef\xbb\xbf"


class Lines:
    """Iterates over the lines of a binary file, without their line ends.

    A line longer than ``MAX_LINE_BYTES`` is cut to one byte more than that.

    Attributes:
        number: Lines read so far; the number of the line handed out last, from 1.
        crc: CRC-32 of those lines, line ends included.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.number = 0
        self.crc = 0
        self._file = file
        self._pushed: list[bytes] = []

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        raw = self._pushed.pop() if self._pushed else self._read()
        if not raw:
            raise StopIteration
        self.number += 1
        self.crc = zlib.crc32(raw, self.crc)
        line = raw.rstrip(b"\r\n")
        return line.removeprefix(_BOM) if self.number == 1 else line

    def peek(self) -> bytes:
        """The next line, which stays the next; empty at the end of the file."""
        if not self._pushed:
            self._pushed.append(self._read())
        return self._pushed[0]

    def skip_to(self, number: int) -> bool:
        """Read on until that many lines are read.

        Returns:
            Whether the file has that many.
        """
        while self.number < number:
            if next(self, None) is None:
                return False
        return True

    def _read(self) -> bytes:
        try:
            raw = self._file.readline(MAX_LINE_BYTES + 1)
            if len(raw) > MAX_LINE_BYTES and not raw.endswith(b"\n"):
                self._drop_rest()
        except (OSError, EOFError, zlib.error) as error:
            raise DamagedFileError(
                f"A file must be readable to its end; this one breaks off after line {self.number} "
                f"({error}). The lines before are loaded; get a whole copy under another name."
            ) from None
        return raw

    def _drop_rest(self) -> None:
        while (part := self._file.readline(MAX_LINE_BYTES)) and not part.endswith(b"\n"):
            pass
