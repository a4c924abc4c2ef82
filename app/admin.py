"""The cluster: waiting for it, creating the topics, and checking them at start."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError

from app.settings import Settings
from app.topics import INPUTS, TopicSpec, topic_name, topic_specs
from models.errors import BrokerError, TopicError

#: Seconds between attempts to reach the broker.
_RETRY_SECONDS = 1.0
#: The broker's answer where an attribute of a topic is not the one asked for.
_TOPIC_TIMEOUT_MS = 30_000


@asynccontextmanager
async def connected(settings: Settings) -> AsyncIterator[AIOKafkaAdminClient]:
    """An admin client.

    Raises:
        BrokerError: The broker can't be reached.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.bootstrap_servers)
    try:
        await admin.start()
    except (KafkaError, OSError) as error:
        await admin.close()
        raise BrokerError(
            f"No Kafka broker answers at {settings.bootstrap_servers} ({error}). "
            "Start it, or set CLICKSTREAM_BROKER."
        ) from None
    try:
        yield admin
    finally:
        await admin.close()


async def wait_for_broker(settings: Settings, say: Callable[[str], None]) -> None:
    """Wait until the broker answers, and say so while it does not."""
    waited = 0
    while True:
        try:
            async with connected(settings):
                return
        except BrokerError:
            if waited % 5 == 0:
                say(f"Waiting for Kafka at {settings.bootstrap_servers} ({waited} s so far)")
            waited += 1
            await asyncio.sleep(_RETRY_SECONDS)


async def create_topics(settings: Settings) -> list[str]:
    """Create the topics that are missing, then check all.

    Returns:
        Names of the topics created.

    Raises:
        BrokerError: The broker can't be reached.
        TopicError: A topic that was there is not as it must be.
    """
    async with connected(settings) as admin:
        present = set(await admin.list_topics())
        missing = [spec for spec in topic_specs(settings) if spec.name not in present]
        new = [_new_topic(settings, spec) for spec in missing]
        if new:
            await admin.create_topics(new, timeout_ms=_TOPIC_TIMEOUT_MS)
            await _until_present(admin, {spec.name for spec in missing})
        await _check(admin, settings)
    return [spec.name for spec in missing]


def _new_topic(settings: Settings, spec: TopicSpec) -> NewTopic:
    return NewTopic(
        spec.name,
        spec.partitions or settings.partitions,
        settings.replication_factor,
        topic_configs=spec.config,
    )


async def _until_present(admin: AIOKafkaAdminClient, names: set[str]) -> None:
    while not names <= set(await admin.list_topics()):  # noqa: ASYNC110 the broker tells nobody
        await asyncio.sleep(0.05)


async def check_topics(settings: Settings) -> None:
    """Check that every topic has the partitions and configuration it must have.

    Raises:
        BrokerError: The broker can't be reached.
        TopicError: One line for each fault: topic, what was found, what to do.
    """
    async with connected(settings) as admin:
        await _check(admin, settings)


async def _check(admin: AIOKafkaAdminClient, settings: Settings) -> None:
    specs = topic_specs(settings)
    described = await admin.describe_topics([spec.name for spec in specs])
    counts = {t["topic"]: len(t["partitions"]) for t in described if not t["error_code"]}
    there = [spec for spec in specs if counts.get(spec.name)]
    configs = await _configs(admin, [spec.name for spec in there])
    faults = [_missing(spec) for spec in specs if spec not in there]
    for spec in there:
        faults += _faults(settings, spec, counts[spec.name], configs[spec.name])
    if faults:
        raise TopicError("\n".join(faults))


async def _configs(admin: AIOKafkaAdminClient, names: list[str]) -> dict[str, dict[str, str]]:
    if not names:
        return {}
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    found = {}
    for response in await admin.describe_configs(resources):
        for _, _, _, name, entries in response.resources:
            found[name] = {entry[0]: entry[1] for entry in entries}
    return found


def _missing(spec: TopicSpec) -> str:
    return f"Topic {spec.name} must exist; there is none. Run: faust -A app init-topics"


def _faults(settings: Settings, spec: TopicSpec, count: int, config: dict[str, str]) -> list[str]:
    faults = []
    if spec.partitions is not None and count != spec.partitions:
        faults.append(
            f"Topic {spec.name} must have {spec.partitions} partitions (CLICKSTREAM_PARTITIONS); "
            f"it has {count}. Set CLICKSTREAM_PARTITIONS={count}, or begin anew under another "
            "CLICKSTREAM_APP_ID and CLICKSTREAM_TOPIC_PREFIX: keys would change their partition."
        )
    is_input = spec.name in {topic_name(settings, short) for short in INPUTS}
    for key, wanted in spec.config.items():
        got = config.get(key)
        if got != wanted and not (is_input and got is not None and "compact" not in got):
            faults.append(
                f"Topic {spec.name} must have {key}={wanted}; it has {got}. Run: kafka-configs.sh "
                f"--alter --topic {spec.name} --add-config {key}={wanted}"
            )
    return faults
