"""The verdict on a drill: the outputs held against a recount of the inputs."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from dev.demo.processes import FAUST
from dev.demo.site import Site
from dev.drills.errors import DrillError
from dev.kafka.jars import ROOT


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the recount found.

    Attributes:
        lost: Outputs that are missing, and inner records that were not read.
        duplicated: Outputs that came twice, or that nothing explains.
        examples: Some of them, in words.
    """

    lost: int
    duplicated: int
    examples: tuple[str, ...]


async def verdict(site: Site) -> Verdict:
    """Recount the inputs.

    Raises:
        DrillError: The recount itself fails, or has nothing to compare.
    """
    unread = _unread(await asked(site, "ledger"))
    found = await asked(site, "verify")
    rows = found["rows"]
    if not unread and not all(row["expected"] for row in rows):
        unseen = ", ".join(row["stage"] for row in rows if not row["expected"])
        raise DrillError(f"A drill must try every output; it expects nothing of: {unseen}")
    return Verdict(
        sum(unread.values()) + sum(row["missing"] for row in rows),
        sum(row["duplicated"] + row["extra"] for row in rows),
        (
            *(f"{stage} left {records:,} records unread" for stage, records in unread.items()),
            *map(str, found["examples"]),
        ),
    )


def _unread(books: Any) -> dict[str, int]:
    """Records that a stage should have read and did not, or read too often, by stage.

    The recount compares what follows from the records that were read.
    """
    by_stage = {s["stage"]: abs(s["onTheWay"]) + s["total"]["lost"] for s in books["stages"]}
    return {stage: records for stage, records in by_stage.items() if records}


async def asked(site: Site, command: str, *arguments: str) -> Any:
    """What a command says in JSON, whatever its exit code.

    Raises:
        DrillError: It says nothing of the kind.
    """
    process = await asyncio.create_subprocess_exec(
        *FAUST, "-A", "app", command, *arguments, "--json",
        cwd=ROOT,
        env=site.environment(command),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    said, trouble = await process.communicate()
    try:
        return json.loads(said)
    except ValueError:
        code, why = process.returncode, trouble.decode()
        raise DrillError(f"`faust -A app {command}` failed ({code}):\n{why}") from None
