"""Avro schemas by which a small payload could take a worker's stack, memory or time."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from models.json_object import MAX_DEPTH
from models.schema_fault import SchemaFault

_PRIMITIVES = frozenset({"boolean", "int", "long", "float", "double", "bytes", "string"})


class _Shape(NamedTuple):
    """How deep values of a type are nested at most, and whether each takes a byte at least."""

    depth: int
    takes_bytes: bool = True


def check_shape(schema: Any, named: Mapping[str, Any]) -> None:
    """Refuse a schema whose values have no bounds.

    The decoder goes down the process's own stack, so a type that holds itself could end the worker;
    and an array of what takes no bytes can be of any length.

    Args:
        schema: As fastavro has parsed it.
        named: The named types, by full name.

    Raises:
        SchemaFault: It is recursive, too deep, or has an array of nothing.
    """
    _Shapes(named).of(schema)


class _Shapes:
    def __init__(self, named: Mapping[str, Any]) -> None:
        self._named = named
        self._known: dict[str, _Shape] = {}
        self._within: list[str] = []

    def of(self, node: Any) -> _Shape:
        shape = self._of(node)
        if shape.depth > MAX_DEPTH:
            raise SchemaFault(f"its values are nested more than {MAX_DEPTH} deep")
        return shape

    def _of(self, node: Any) -> _Shape:
        if isinstance(node, list):  # a union's values begin with the number of the branch
            return _Shape(max((self.of(item).depth for item in node), default=0))
        if isinstance(node, str):
            return self._by_name(node)
        kind = node["type"]
        shapes = {
            "record": self._record,
            "error": self._record,
            "array": self._array,
            "map": self._map,
            "enum": _enum,
            "fixed": _fixed,
        }
        shape = shapes.get(kind) if isinstance(kind, str) else None
        return self.of(kind) if shape is None else shape(node)

    def _by_name(self, name: str) -> _Shape:
        if name == "null" or name in _PRIMITIVES:
            return _Shape(0, takes_bytes=name != "null")
        return self._known.get(name) or self.of(self._named[name])

    def _record(self, node: Any) -> _Shape:
        name = node["name"]
        if name in self._within:
            raise SchemaFault(f"{name} holds itself: its values could be nested without end")
        self._within.append(name)
        fields = [self.of(field["type"]) for field in node["fields"]]
        self._within.pop()
        depth = 1 + max((shape.depth for shape in fields), default=0)
        shape = self._known[name] = _Shape(depth, takes_bytes=any(s.takes_bytes for s in fields))
        return shape

    def _map(self, node: Any) -> _Shape:
        return _Shape(1 + self.of(node["values"]).depth)

    def _array(self, node: Any) -> _Shape:
        items = self.of(node["items"])
        if not items.takes_bytes:
            raise SchemaFault("it has an array of items that take no bytes: it could be endless")
        return _Shape(1 + items.depth)


def _enum(_: Any) -> _Shape:
    return _Shape(0)


def _fixed(node: Any) -> _Shape:
    return _Shape(0, takes_bytes=node["size"] > 0)
