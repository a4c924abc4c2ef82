"""Bytewax as a peer."""

from bench.peers.environments import python_environment
from bench.peers.peer import Peer
from bench.peers.told import Told


def _command(_: Told) -> list[str]:
    return [str(python_environment("bytewax")), "-m", "bench.peers.bytewax.program"]


def _prepare() -> None:
    python_environment("bytewax")


PEERS = (
    Peer(
        name="bytewax",
        title="Bytewax 0.21.1",
        guarantee="none",
        tuning=(
            "One worker, no recovery store, batches of 10,000 instead of 1,000, decoded and "
            "encoded by the batch with msgspec, only the two fields needed; its clocks are of each "
            "user, so many windows close at the topic's end only."
        ),
        command=_command,
        prepare=_prepare,
    ),
)
