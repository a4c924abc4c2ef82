"""What all tests share: the marker of the integration tests, and their Kafka."""

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from dev.kafka import Broker, resolve_broker

_INTEGRATION = Path(__file__).parent / "integration"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what lies in tests/integration, so that no module forgets to."""
    for item in items:
        if item.path.is_relative_to(_INTEGRATION):
            item.add_marker(pytest.mark.integration)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish() -> None:
    """Collect garbage before plugins are imported at the end.

    In Python 3.11 a module can't be parsed while a finalizer that prints a traceback parses its
    lines: "AST constructor recursion depth mismatch", and the run fails after its last test.
    """
    gc.collect()


@pytest.fixture(scope="session")
def kafka() -> Iterator[Broker]:
    """One Kafka for the run: CLICKSTREAM_BROKER's, else a local one, else Docker's.

    It is shared: a test uses topic prefixes of its own. One that stops or kills its broker makes
    its own LocalKafka.
    """
    with resolve_broker() as broker:
        yield broker
