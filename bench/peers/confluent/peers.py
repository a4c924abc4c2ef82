"""Reading alone with confluent-kafka."""

from bench.peers.environments import python_environment
from bench.peers.peer import Peer
from bench.peers.told import Told


def _command(_: Told) -> list[str]:
    return [str(python_environment("confluent")), "-m", "bench.peers.confluent.program"]


def _prepare() -> None:
    python_environment("confluent")


PEERS = (
    Peer(
        name="confluent",
        title="confluent-kafka 2.16.1, reading only",
        guarantee="-",
        tuning=(
            "consume() of 10,000 records at a time, no CRC check (its default), no group, no "
            "decoding."
        ),
        command=_command,
        prepare=_prepare,
        reads_only=True,
    ),
)
