"""Pathway as a peer."""

from bench.peers.environments import python_environment
from bench.peers.peer import Peer
from bench.peers.told import Told


def _command(_: Told) -> list[str]:
    return [str(python_environment("pathway")), "-m", "bench.peers.pathway.program"]


def _prepare() -> None:
    python_environment("pathway")


PEERS = (
    Peer(
        name="pathway",
        title="Pathway 0.33.0",
        guarantee="none",
        tuning=(
            "Its Rust reader and JSON parser, one thread, no persistence, commits each second; "
            "common_behavior with a delay of window and grace and no cutoff, which spares updates "
            "and drops nothing: its exactly_once_behavior drops on-time clicks while catching up."
        ),
        command=_command,
        prepare=_prepare,
        environment={"PATHWAY_THREADS": "1"},
        updates=True,
    ),
)
