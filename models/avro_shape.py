"""Avro schemas by which a small payload could take a worker's stack, memory or time."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from models.json_object import MAX_DEPTH
from models.schema_fault import SchemaFault

_PRIMITIVES = frozenset({"boolean", "int", "long", "float", "double", "bytes", "string"})

#: Bytes that values may take for each byte of their payload, and beside that in all.
_A_BYTE, _BESIDES = 1_024, 1_048_576
#: Bytes that a value takes at most, in memory and as text, and those of a record or map more.
_VALUE, _NAMES = 64, 256


class _Shape(NamedTuple):
    """What values of a type take at most.

    Attributes:
        depth: How deep they are nested.
        excess: Bytes that they take beyond _A_BYTE for each byte of their payload: what takes none
            there has all of its own here.
        peak: The most that this is while one is read: the payload may end anywhere.
    """

    depth: int
    excess: int = _VALUE - _A_BYTE
    peak: int = 0


def check_shape(schema: Any, named: Mapping[str, Any]) -> None:
    """Refuse a schema whose values have no bounds.

    The decoder goes down the process's own stack, so a type that holds itself could end the worker;
    an array of what takes no bytes can be of any length, and records of records of nothing double
    with every level.

    Args:
        schema: As fastavro has parsed it.
        named: The named types, by full name.

    Raises:
        SchemaFault: It is recursive, too deep, or much larger than its payloads.
    """
    if _Shapes(named).of(schema).peak > _BESIDES:
        raise SchemaFault("its values are much larger than their payloads")


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
            shapes = [self.of(item) for item in node]
            depths, excesses, peaks = zip(*shapes, strict=True) if shapes else ((0,), (0,), (0,))
            return _Shape(max(depths), max(excesses) - _A_BYTE, max(peaks))
        if isinstance(node, str):
            return self._by_name(node)
        kind = node["type"]
        shapes_of = {
            "record": self._record,
            "error": self._record,
            "array": self._array,
            "map": self._map,
            "enum": _enum,
            "fixed": _fixed,
        }
        shape_of = shapes_of.get(kind) if isinstance(kind, str) else None
        found = self.of(kind) if shape_of is None else shape_of(node)
        return found._replace(excess=found.excess + _zeros(node))

    def _by_name(self, name: str) -> _Shape:
        if name in _PRIMITIVES:
            return _Shape(0)
        if name == "null":
            return _Shape(0, _VALUE, _VALUE)
        return self._known.get(name) or self.of(self._named[name])

    def _record(self, node: Any) -> _Shape:
        name = node["name"]
        if name in self._within:
            raise SchemaFault(f"{name} holds itself: its values could be nested without end")
        self._within.append(name)
        depth, excess, peak = 0, _VALUE + _NAMES, _VALUE + _NAMES
        for field in node["fields"]:
            shape = self.of(field["type"])
            excess += len(field["name"])
            depth, peak = max(depth, shape.depth), max(peak, excess + shape.peak)
            excess += shape.excess
        self._within.pop()
        self._known[name] = _Shape(1 + depth, excess, peak)
        return self._known[name]

    def _map(self, node: Any) -> _Shape:
        values = self.of(node["values"])
        _check_items(values.excess - _A_BYTE)  # each has a key
        return _Shape(1 + values.depth, _VALUE + _NAMES - _A_BYTE, values.peak)

    def _array(self, node: Any) -> _Shape:
        items = self.of(node["items"])
        _check_items(items.excess)
        return _Shape(1 + items.depth, peak=items.peak)


def _check_items(excess: int) -> None:
    if excess > 0:
        raise SchemaFault("it has an array or map of items that take next to no bytes: endless")


def _zeros(node: Any) -> int:
    """Those that a decimal of few bytes has behind its point."""
    scale = node.get("scale")
    return scale if isinstance(scale, int) else 0


def _enum(node: Any) -> _Shape:
    return _Shape(0, _VALUE - _A_BYTE + max(map(len, node["symbols"]), default=0))


def _fixed(node: Any) -> _Shape:
    return _Shape(0, _VALUE - _A_BYTE, 0) if node["size"] else _Shape(0, _VALUE, _VALUE)
