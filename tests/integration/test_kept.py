"""State that other rules made is not gone on with: the numbers of both would mix."""

import pytest

from dev.kafka.ports import free_port
from tests.integration.harness import Cluster


@pytest.mark.parametrize(
    ("setting", "value", "was"),
    [
        ("WINDOW_SIZE", "10m", "was 300000 ms and is 600000 ms"),
        ("JOIN_WITHIN", "2h", "was 3600000 ms and is 7200000 ms"),
        ("ATTRIBUTION", "last", "was all and is last"),
    ],
)
def test_a_worker_refuses_state_that_other_rules_made(
    finished: Cluster, setting: str, value: str, was: str
) -> None:
    """It names the setting, both values, and how to replay."""
    other = Cluster(finished.bootstrap, finished.directory, finished.settings | {setting: value})
    done = other.command("worker", "--web-port", str(free_port()))
    assert 1 == done.returncode
    assert f"CLICKSTREAM_{setting} must stay" in done.stderr
    assert was in done.stderr
    assert "docs/how-to/replay-history.md" in done.stderr
    assert "Traceback" not in done.stderr
