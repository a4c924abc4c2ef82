"""Audits of a test's cluster, of its logs as they are or damaged."""

import asyncio
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any

from app.audit.audit import Order, audit_logs
from app.audit.logs import Logs, open_logs
from app.audit.result import Result
from app.audit.rules import Choice, Rules
from app.audit.views import Views
from app.settings import Settings
from tests.integration.harness import Cluster
from tests.integration.remembering import Memory, Remembered
from tests.integration.settling import settled
from tests.integration.shop import Shop
from tests.integration.tampering import Damage, Tampered


def audited(
    cluster: Cluster,
    damage: Damage | None = None,
    choice: Choice | None = None,
    views: Views | None = None,
    memory: Memory | None = None,
) -> Result:
    """The result of an audit, of the logs as they are or damaged.

    Args:
        cluster: Whose logs.
        damage: What is done to them on their way here.
        choice: The part that is compared.
        views: Asked, too.
        memory: Of audits before, of this cluster at rest: what was read is not read again.
    """
    ours = {f"CLICKSTREAM_{name}": value for name, value in cluster.settings.items()}
    ours["CLICKSTREAM_BROKER"] = f"kafka://{cluster.bootstrap}"
    rules = Rules(Settings(**ours))  # type: ignore[arg-type]  # parsed by pydantic

    def opened() -> AbstractAsyncContextManager[Logs]:
        return open_logs(rules.settings.connection, lambda: None, print)

    async def run() -> Result:
        async with AsyncExitStack() as stack:
            read: Any = (
                await stack.enter_async_context(opened())
                if memory is None
                else Remembered(memory, opened, stack)
            )
            if damage is not None:
                name = rules.changelog if damage.table else rules.topic
                read = Tampered(read, name(damage.topic), damage)
            result = await audit_logs(read, Order(rules, choice or Choice(), views=views))
            assert damage is None or read.done, "no record fits the damage"
            return result

    return asyncio.run(run())


def finish(cluster: Cluster, shop: Shop, count: int) -> None:
    """Give a cluster events, and stop its worker when it has done everything there was to do."""
    cluster.init_topics()
    cluster.produce([*shop.events(count), *shop.last()])
    cluster.worker()
    settled(cluster)
    cluster.stop()


def until_at_rest(cluster: Cluster) -> Result:
    """Audit until nothing is on the way; every audit before that must find nothing wrong."""
    for _ in range(60):
        result = audited(cluster)
        assert not result.examples, result.examples
        if not result.notes:
            return result
    raise AssertionError(result.notes)
