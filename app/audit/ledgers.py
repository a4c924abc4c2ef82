"""The stages' ledgers, as they say themselves, put beside what the logs say."""

from collections.abc import Iterator
from typing import Any

from app.audit.gathering import Gathered
from app.audit.times import INNER_OF, KINDS
from app.audit.warehouse import Warehouse
from app.topics import INNER, INPUTS, OUTPUTS

_INTAKE = dict(zip(INPUTS, ("enrichment", "admission"), strict=True))


def put_ledgers(warehouse: Warehouse, found: Gathered) -> list[str]:
    """Put what the ledgers say into the warehouse.

    Returns:
        Notes about ledgers that can't be compared.
    """
    warehouse.run("ledger")
    said, whole, notes = [], [], []
    signals = found.at_rest and not any(any(found.starts[topic].values()) for topic in INNER)
    for stage, place, ledger, unbroken in _ledgers(found):
        if ledger is None:
            notes.append(f"{stage}-{place} has no ledger yet.")
        else:
            said += [(stage, place, name, n) for name, n in _numbers(ledger)]
            if unbroken and not ledger.get("lost"):
                whole.append((stage, place, signals))
            else:
                notes.append(
                    f"The ledger of {stage}-{place} is older than what is left of its log."
                )
    warehouse.append("ledger_said", said)
    warehouse.append("ledger_whole", whole)
    warehouse.append("topic_count", _counts(warehouse, found))
    return notes


def _ledgers(found: Gathered) -> Iterator[tuple[str, int, Any, bool]]:
    """Stage, place, its ledger, and whether the logs it read are whole."""
    for (kind, q), ledger in found.ledgers.items():
        yield _INTAKE[kind], q, ledger, not found.starts[kind][q]
    for stage, states in found.states[2].items():
        for p, state in states.items():
            if state.positions:
                whole = not any(found.starts[INNER_OF[kind]].get(p) for kind in KINDS[stage])
                yield stage, p, state.ledger, whole


def _numbers(ledger: dict[str, Any]) -> Iterator[tuple[str, int]]:
    yield "read", int(ledger.get("read", 0))
    for part in ("became", "sent"):
        for name, n in ledger.get(part, {}).items():
            yield f"{part} {name}", int(n)


def _counts(warehouse: Warehouse, found: Gathered) -> list[tuple[str, int]]:
    """Records in the topics whose logs are whole; dead letters of others left out."""
    counts = {
        topic: found.counts[topic]
        for topic in (*INNER, *OUTPUTS)
        if not any(found.starts[topic].values())
    }
    if OUTPUTS[-1] in counts:
        [counts[OUTPUTS[-1]]] = warehouse.one("SELECT count(*) FROM found_dead")
    return list(counts.items())
