"""Reading alone with aiokafka."""

import sys
from importlib.metadata import version

from bench.peers.peer import Peer

PEERS = (
    Peer(
        name="aiokafka",
        title=f"aiokafka {version('aiokafka')}, reading only",
        guarantee="-",
        tuning=(
            "getmany() of all partitions, 4 MiB fetches of each, no group, no decoding: "
            "the checkout's own client and settings."
        ),
        command=lambda _: [sys.executable, "-m", "bench.peers.raw_aiokafka.program"],
        reads_only=True,
    ),
)
