"""The register of published schemas: a digest for each, chained, and only ever appended to.

A line is ``<digest> <file>``; the digest is of the line before and of the file. So whoever changes
a published schema must write anew its line and all after it, which no review overlooks.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.schemas import NAME
from app.schemas.compatibility import faults
from models.errors import ClickstreamError

#: The register, beside the schemas.
REGISTER = "published.txt"


class SchemaChangeError(ClickstreamError):
    """A schema was changed as it must not be."""


@dataclass(frozen=True, slots=True)
class Folder:
    """Schemas, and the register of those that are published."""

    path: Path

    def check(self) -> None:
        """Refuse what breaks the promise.

        Raises:
            SchemaChangeError: A line for each fault: the rule, what was got, the remedy.
        """
        if found := [*self._faults(), *self._unregistered()]:
            raise SchemaChangeError("\n".join(found))

    def publish(self) -> list[str]:
        """Append the schemas that are new to the register; return their names.

        Raises:
            SchemaChangeError: Something breaks the promise.
        """
        if found := [*self._faults()]:
            raise SchemaChangeError("\n".join(found))
        lines = self._lines()
        new = [name for name in self._names() if name not in dict(map(_split, lines))]
        for name in new:
            lines.append(f"{self._digest(lines, name)} {name}")
        self._register.write_text("".join(f"{line}\n" for line in lines), "utf-8")
        return new

    @property
    def _register(self) -> Path:
        return self.path / REGISTER

    def _lines(self) -> list[str]:
        return self._register.read_text("utf-8").splitlines() if self._register.exists() else []

    def _names(self) -> list[str]:
        """The schemas' files, versions in order."""
        found = [NAME.fullmatch(file.name) for file in self.path.glob("*.json")]
        return [m[0] for m in sorted((m for m in found if m), key=lambda m: (m[1], int(m[2])))]

    def _digest(self, before: list[str], name: str) -> str:
        last = before[-1] if before else ""
        return hashlib.sha256(last.encode() + (self.path / name).read_bytes()).hexdigest()

    def _faults(self) -> Iterator[str]:
        yield from self._misnamed()
        yield from self._edited()
        yield from self._breaking()

    def _misnamed(self) -> Iterator[str]:
        for file in sorted(self.path.glob("*.json")):
            if not NAME.fullmatch(file.name):
                yield (
                    f"A schema's file is called <topic>.v<version>.json; {file.name} is not. "
                    "Rename it."
                )

    def _edited(self) -> Iterator[str]:
        lines = self._lines()
        for number, line in enumerate(lines):
            digest, name = _split(line)[::-1]
            if not (self.path / name).exists():
                yield f"A published schema stays; {name} is gone. Put it back."
            elif digest != self._digest(lines[:number], name):
                yield (
                    f"A published schema is never edited; {name} is not what {REGISTER} says. "
                    "Put it back, and write the next version instead."
                )
                return  # all lines after it differ, too

    def _breaking(self) -> Iterator[str]:
        versions: dict[str, list[str]] = {}
        for name in self._names():
            topic = name.rpartition(".v")[0]
            for older in versions.setdefault(topic, []):
                for fault in faults(self._schema(older), self._schema(name)):
                    yield (
                        f"A new version only adds optional fields; in {name}, {fault} (by "
                        f"{older}). Undo it, or add a field of another name."
                    )
            versions[topic].append(name)

    def _unregistered(self) -> Iterator[str]:
        known = dict(map(_split, self._lines()))
        for name in self._names():
            if name not in known:
                yield (
                    f"A schema is published by its line in {REGISTER}; {name} has none. Run "
                    "`python -m dev.schemas --publish`."
                )

    def _schema(self, name: str) -> Any:
        try:
            found = json.loads((self.path / name).read_text("utf-8"))
        except ValueError:  # no JSON, or no UTF-8
            found = None
        if not isinstance(found, dict):
            raise SchemaChangeError(
                f"A schema is a JSON object, in UTF-8; {name} is none. Correct it."
            )
        return found


def _split(line: str) -> tuple[str, str]:
    """Name and digest of a line."""
    digest, _, name = line.partition(" ")
    return name, digest
