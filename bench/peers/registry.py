"""All peers, in the order of the table."""

import importlib

from bench.peers.peer import Peer

#: Packages of this folder; each has ``PEERS`` in its module ``peers``.
_PACKAGES = (
    "raw_aiokafka",
    "confluent",
    "flink",
    "kafka_streams",
    "pathway",
    "bytewax",
    "quix",
)


def all_peers() -> list[Peer]:
    """Every peer."""
    modules = [importlib.import_module(f"bench.peers.{name}.peers") for name in _PACKAGES]
    return [peer for module in modules for peer in module.PEERS]
