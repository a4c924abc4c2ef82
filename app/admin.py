"""The cluster: waiting for it, creating the topics, and checking them at start."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError

from app.refusals import KafkaRefusal, refusal
from app.settings import Settings
from app.topics import INPUTS, TopicSpec, topic_name, topic_specs
from models.errors import BrokerError, TopicError

#: Seconds between attempts to reach the broker.
_RETRY_SECONDS = 1.0
#: Seconds between sentences about a broker that does not answer.
_SAY_SECONDS = 10.0
#: How long the broker may take to create topics (ms), and then to tell of them.
_TOPIC_TIMEOUT_MS = 30_000
#: The broker's answer where another process created the topic first: as good.
_ALREADY_EXISTS = 36


@asynccontextmanager
async def connected(settings: Settings) -> AsyncIterator[AIOKafkaAdminClient]:
    """An admin client.

    Raises:
        BrokerError: The broker can't be reached.
        KafkaRefusal: It does not let this client in, or not do this.
    """
    admin = AIOKafkaAdminClient(**settings.connection)
    try:
        await admin.start()
        yield admin
    except (KafkaError, OSError) as error:
        raise await refusal(settings.connection, error) or BrokerError(
            f"Kafka must answer at {settings.bootstrap_servers}; it does not: {error}. "
            "Start it, or set CLICKSTREAM_BROKER."
        ) from None
    finally:
        await admin.close()


async def wait_for_broker(
    settings: Settings, say: Callable[[str], None], ended: Callable[[], bool] = lambda: False
) -> bool:
    """Wait until the broker answers, and say so while it does not.

    Args:
        settings: Where the broker is.
        say: Tells a person.
        ended: Whether to wait no longer.

    Returns:
        Whether it answers.

    Raises:
        KafkaRefusal: It answers, and does not let this client in.
    """
    began = time.monotonic()
    said: float | None = None
    while not ended():
        try:
            async with connected(settings):
                if said is not None:
                    say(f"Kafka answers at {settings.bootstrap_servers}.")
                return True
        except KafkaRefusal:
            raise
        except BrokerError as error:
            now = time.monotonic()
            if said is None or now - said >= _SAY_SECONDS:
                said = now
                say(f"{error} Waiting for it ({now - began:.0f} s so far).")
            await asyncio.sleep(_RETRY_SECONDS)
    return False


async def create_topics(settings: Settings) -> list[str]:
    """Create the topics that are missing, then check all.

    Returns:
        Names of the topics created.

    Raises:
        BrokerError: The broker can't be reached.
        TopicError: A topic that was there is not as it must be, or Kafka refuses to create one.
    """
    async with connected(settings) as admin:
        present = set(await admin.list_topics())
        missing = [spec for spec in topic_specs(settings) if spec.name not in present]
        new = [_new_topic(settings, spec) for spec in missing]
        if new:
            created = await admin.create_topics(new, timeout_ms=_TOPIC_TIMEOUT_MS)
            _raise_for(created.topic_errors)
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


def _raise_for(errors: Iterable[tuple[Any, ...]]) -> None:
    faults = [
        f"Topic {name} must exist, and Kafka refuses to create it: {' '.join(map(str, why))}"
        for name, code, *why in errors
        if code not in {0, _ALREADY_EXISTS}
    ]
    if faults:
        remedy = "Set CLICKSTREAM_REPLICATION_FACTOR to what the cluster allows, or ask its owner."
        raise TopicError("\n".join([*faults, remedy]))


async def _until_present(admin: AIOKafkaAdminClient, names: set[str]) -> None:
    try:
        async with asyncio.timeout(_TOPIC_TIMEOUT_MS / 1000):
            while not names <= set(await admin.list_topics()):  # noqa: ASYNC110 it tells nobody
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise BrokerError(
            f"Kafka must list the topics that it created within {_TOPIC_TIMEOUT_MS // 1000} s; it "
            "does not. Look at its log, then run: faust -A app init-topics"
        ) from None


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
                f"--bootstrap-server {settings.bootstrap_servers} --alter --topic {spec.name} "
                f"--add-config {key}={wanted}"
            )
    return faults
