"""A small comparison of snapshots with restoring, on a real Kafka."""

from pathlib import Path

import pytest

from bench.cores import Cores
from bench.setup import Setup
from bench.snapshot import measure
from dev.kafka import Broker

pytestmark = pytest.mark.integration


def test_who_begins_with_a_snapshot_reads_only_what_changed_since(
    kafka: Broker, tmp_path: Path
) -> None:
    """And has the same rows as who reads all, or it would have raised."""
    compared = measure(Setup(kafka.bootstrap, tmp_path, Cores.named("all")), 4_000, 10)
    # A record for each row and, for each step, one for the state of each of 8 partitions.
    assert (4_000 + 8, 4_400 + 16, 400 + 8) == (
        compared.taken.records,
        compared.full.records,
        compared.begun.records,
    )
    assert compared.taken.taken_bytes > compared.taken.stood_seconds > 0
