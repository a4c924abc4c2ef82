"""Quix Streams as a peer."""

from bench.peers.environments import python_environment
from bench.peers.peer import Peer
from bench.peers.told import Told


def _command(_: Told) -> list[str]:
    return [str(python_environment("quix")), "-m", "bench.peers.quix.program"]


def _prepare() -> None:
    python_environment("quix")


PEERS = (
    Peer(
        name="quix",
        title="Quix Streams 3.28.1",
        guarantee="exactly once",
        tuning=(
            "final() windows closed by the partition's time, RocksDB with changelog, commits each "
            "second instead of 5, msgspec decodes only the timestamp, linger 20 ms, logs off."
        ),
        command=_command,
        prepare=_prepare,
    ),
)
