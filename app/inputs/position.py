"""How far a file is loaded, as the broker remembers it."""

from dataclasses import dataclass, fields
from hashlib import blake2b

import msgspec
from aiokafka.structs import OffsetAndMetadata

from app.inputs.errors import InputError


@dataclass(frozen=True, slots=True)
class Position:
    """Lines done, and what they became.

    Attributes:
        lines: Lines done; the offset.
        crc: CRC-32 of those lines.
        salt: Eight digits that tell one salt from another, too few to find it by.
        clicks: Records sent to clicks.
        purchases: Records sent to purchases.
        unreadable: Lines sent to the dead letters.
        passed: Lines passed over: blank, or requests not asked for.
    """

    lines: int = 0
    crc: int = 0
    salt: str = ""
    clicks: int = 0
    purchases: int = 0
    unreadable: int = 0
    passed: int = 0

    def offset(self) -> OffsetAndMetadata:
        """As an offset with metadata."""
        rest = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "lines"}
        return OffsetAndMetadata(self.lines, msgspec.json.encode(rest).decode())


def position_of(offset: OffsetAndMetadata | None) -> Position:
    """The position of an offset; the beginning where there is none.

    Raises:
        InputError: The metadata is none that a load wrote.
    """
    if offset is None or offset.offset < 0:
        return Position()
    try:
        rest = msgspec.json.decode(offset.metadata)
        return Position(lines=offset.offset, **rest)
    except (msgspec.DecodeError, TypeError):
        raise InputError(
            f"A load's offset carries its position; got {offset.metadata!r}. "
            "Begin anew with --restart."
        ) from None


def load_id(app_id: str, name: str, head: bytes, options: str) -> str:
    """Transactional id and consumer group of the loading of one file with certain options.

    Args:
        app_id: The application's id.
        name: The file's name without folders.
        head: Its beginning.
        options: Whatever changes what is sent.
    """
    parts = (name.encode(), options.encode(), head)
    digest = blake2b(b"".join(len(p).to_bytes(8) + p for p in parts), digest_size=8)
    return f"{app_id}-load-{digest.hexdigest()}"
