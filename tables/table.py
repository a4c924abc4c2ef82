"""Faust's view of a stage's table: read only, by user, for routing and the web views."""

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import faust
from faust.types import TP

Lookup: TypeAlias = Callable[[bytes], Any]


class StageTable(faust.Table[Any, Any]):
    """A table that a stage writes in its transactions and that Faust only reads.

    Its changelog's partitions are assigned through Faust, so that a user's rows are found on any
    worker; ``key_type=bytes`` makes Faust hash the user as Kafka does.
    """

    def __init__(self, *args: Any, lookup: Lookup, **kwargs: Any) -> None:
        """Make a table.

        Args:
            args: As Faust's.
            lookup: Gives what a person wants to see of a user; raises KeyError for an unknown one.
            kwargs: As Faust's.
        """
        super().__init__(*args, key_type=bytes, value_type=bytes, store="memory://", **kwargs)
        self._lookup = lookup

    def __getitem__(self, key: bytes | str) -> Any:
        return self._lookup(key.encode() if isinstance(key, str) else key)

    def __contains__(self, key: object) -> bool:
        try:
            self[key]  # type: ignore[index]  # any other type is not in the table either
        except KeyError:
            return False
        return True

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __len__(self) -> int:
        return 0

    def __setitem__(self, key: Any, value: Any) -> None:
        raise TypeError(f"Only its stage writes {self.name}; got {key!r} from outside of it.")

    def __delitem__(self, key: Any) -> None:
        self[key] = None

    def persisted_offset(self, tp: TP) -> int | None:
        """None: the engine restores the stores."""
        return None

    async def on_start(self) -> None:
        """Nothing: the topic was checked at start, and the engine opens the stores."""
