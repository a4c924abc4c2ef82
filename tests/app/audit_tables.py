"""Small hand-made logs for the audit's SQL: clicks and purchases of one partition, already read."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.audit.rules import Choice, Rules
from app.audit.states import NEVER_MS
from app.audit.warehouse import Warehouse
from app.settings import Settings

#: 2015-05-17T10:00:00Z, the start of a window, and useful lengths of time.
T10_00 = 1_431_856_800_000
MINUTE = 60_000
HOUR = 60 * MINUTE

_LAST = 1 << 40


@dataclass
class Tables:
    """A warehouse in which the stages have read everything.

    Attributes:
        s_ms: Stream time of both stages at both moments.
        settings: Settings by name, where they are not the defaults.
        choice: The part that is compared.
    """

    directory: Path
    s_ms: int = T10_00
    settings: dict[str, str] = field(default_factory=dict)
    choice: Choice = field(default_factory=Choice)

    def __post_init__(self) -> None:
        ours = {f"CLICKSTREAM_{name}": value for name, value in self.settings.items()}
        rules = Rules(Settings(**ours))  # type: ignore[arg-type]  # parsed by pydantic
        self.warehouse = Warehouse(self.directory, rules.constants(), self.choice)
        self.offset = 0

    def click(self, at_ms: int, user: str = "u", **more: Any) -> int:
        """Pass a click on; its source offset."""
        return self._pass("clicks", at_ms, user, more)

    def purchase(self, at_ms: int, user: str = "u", product: str = "p", **more: Any) -> int:
        """Pass a purchase on; its source offset."""
        value = '{"userId":"u","productId":"p","timestamp":"","orderId":7,"streamTime":""}'
        return self._pass("purchases", at_ms, user, {"product": product, "value": value} | more)

    def _pass(self, kind: str, at_ms: int, user: str, more: dict[str, Any]) -> int:
        self.offset += 1
        o, q = self.offset, more.get("q", 0)
        stream_ms = more.get("stream_ms", at_ms)
        told = (more.get("product"), at_ms, stream_ms, more.get("bot", False))
        source = (kind, q, more.get("source_o", o))
        row = (kind, 0, o, o, user, *told, *source, more.get("value"), more.get("page"))
        self.warehouse.append("passed", [row])
        return o

    def computed(self) -> Warehouse:
        """Compute everything that is expected."""
        put = self.warehouse.append
        self.warehouse.run("clock")
        for stage in ("counting", "joining"):
            for moment in (1, 2):
                closed = (_LAST << 10, "")
                put(
                    "stage_state",
                    [(stage, moment, 0, _LAST, _LAST, self.s_ms, self.s_ms, *closed)],
                )
        put("complete_from", [(0, NEVER_MS, NEVER_MS, NEVER_MS, True, True, True, True)])
        for name in ("tables", "left_to_do", "counting", "joining"):
            self.warehouse.run(name)
        return self.warehouse

    def expected(self, view: str, *columns: str) -> list[Any]:
        """Columns of an ``expected_`` view; a list of values for a single one."""
        selected = ", ".join(columns)
        rows = self.warehouse.rows(
            f"SELECT {selected} FROM expected_{view} ORDER BY ALL"  # noqa: S608 a test's own names
        )
        return [row[0] for row in rows] if len(columns) == 1 else rows
