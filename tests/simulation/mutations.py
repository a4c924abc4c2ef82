"""Faults of the engine that the simulation must find: each takes one rule out of the real code."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from agents import gateway
from agents.delivery import Delivery
from agents.engine import Engine
from agents.gateway import KafkaGateway
from agents.inbox import Inbox
from agents.stage import StageTask
from agents.takeover import Takeover
from tables import changelog
from tables.transaction import TransactionalWriter as Writer
from tests.simulation import mutants
from tests.simulation.clients import Reader
from tests.simulation.simulation import simulate


@dataclass(frozen=True)
class Mutation:
    """A fault of the engine.

    Attributes:
        name: Its name.
        breaks: The rule that it takes out; the number is that of docs/engine.md.
        patches: What is put in the place of what: owner, attribute, replacement.
    """

    name: str
    breaks: str
    patches: tuple[tuple[Any, str, Any], ...]

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Have the engine at fault."""
        with pytest.MonkeyPatch.context() as patch:
            for owner, attribute, replacement in self.patches:
                patch.setattr(owner, attribute, replacement)
            yield

    def seeds_until_found(self, most: int) -> int | None:
        """How many seeds it takes, from 0 on; None if so many pass."""
        with self.applied():
            return next((seed + 1 for seed in range(most) if simulate(seed).wrong), None)


def _of(name: str, breaks: str, *patches: tuple[Any, str, Any]) -> Mutation:
    return Mutation(name, breaks, patches)


MUTATIONS = (
    _of(
        "fences-nobody",
        "2: a producer's id names stage and partition",
        (KafkaGateway, "writer", mutants.writer_of_its_own),
    ),
    _of(
        "loads-then-fences",
        "2: all are fenced before anything is read",
        (StageTask, "fence", mutants.nothing),
        (Takeover, "load", mutants.load_then_fence),
    ),
    _of(
        "gathers-nothing",
        "2: every send is gathered before the commit",
        (Writer, "commit", mutants.commit_what_was_sent),
    ),
    _of(
        "forgets-positions",
        "2: the position is part of the step",
        (StageTask, "load", mutants.forget_positions),
    ),
    _of(
        "forgets-ledger",
        "2: the ledger is part of the step",
        (StageTask, "load", mutants.forget_ledger),
    ),
    _of(
        "writes-first",
        "3: rows are written after the commit",
        (StageTask, "_commit", mutants.write_first),
    ),
    _of(
        "takes-everything",
        "4: every batch is held against a position",
        (Inbox, "put", mutants.take_everything),
    ),
    _of("takes-gaps", "4: a batch beyond it is dropped", (Inbox, "put", mutants.take_gaps)),
    _of("takes-overlaps", "4: an overlap is trimmed", (Inbox, "put", mutants.take_overlaps)),
    _of(
        "begins-anywhere",
        "4: without a position the log's start is expected",
        (StageTask, "load", mutants.begin_anywhere),
    ),
    _of(
        "never-seeks-back",
        "4: a gap is sought back",
        (Inbox, "put", mutants.never_seek),
        (Delivery, "reconcile", mutants.nothing),
    ),
    _of(
        "never-reconciles",
        "4: a dropped tail is found",
        (Delivery, "reconcile", mutants.nothing),
    ),
    _of(
        "stops-without-waiting",
        "5: a rebalance waits for the turns at hand",
        (StageTask, "stop", mutants.stop_without_waiting),
    ),
    _of("goes-on", "6: an error ends the task", (StageTask, "_turn", mutants.go_on)),
    _of(
        "repeats-in-place",
        "6: the producer is given up, not made anew in place",
        (Writer, "commit", mutants.fence_and_repeat),
    ),
    _of(
        "asks-for-no-rebalance",
        "6: an error asks for a rebalance",
        (Engine, "on_failure", mutants.no_failure),
    ),
    _of(
        "restores-a-little",
        "7: a store is restored to the end",
        (changelog, "_behind", mutants.behind_a_little),
    ),
    _of(
        "restores-uncommitted",
        "7: only committed records are restored",
        (Reader, "__init__", mutants.read_all),
    ),
    _of(
        "trusts-lineages",
        "7: a store of another table is built anew",
        (Takeover, "_drop_strangers", mutants.nothing),
    ),
    _of(
        "looks-afterwards",
        "7: it is emptied before the changelog is read",
        (Takeover, "_restore", mutants.look_afterwards),
    ),
    _of(
        "follows-on",
        "7: no changelog is read into a store that a task writes",
        (Takeover, "rest", mutants.nothing),
    ),
    _of(
        "offsets-apart",
        "9: a stateless stage's position is in the transaction",
        (Writer, "commit", mutants.offsets_apart),
    ),
    _of(
        "forgets-stream-time",
        "9: its state is the offset's metadata",
        (StageTask, "load", mutants.forget_state),
    ),
    _of(
        "believes-anything",
        "9: both are read from a coordinator that has loaded them",
        (gateway, "group_offsets", mutants.believe_anything),
    ),
)
