"""At the start of whatever runs as a version: that it is set as it was begun."""

from aiokafka.errors import KafkaError

from app.audit.logs import open_logs
from app.settings import Settings
from app.versions.registry import check_rules, read_registry
from models.errors import BrokerError


async def check_version(settings: Settings) -> None:
    """Check that a version has the settings that it was begun with.

    Raises:
        SettingsError: It has others.
        BrokerError: Kafka does not tell.
    """
    if not settings.version:
        return
    try:
        async with open_logs(settings.connection, lambda: None, print) as logs:
            registry = await read_registry(settings, logs)
    except (KafkaError, ConnectionError, TimeoutError) as error:
        raise BrokerError(
            f"Kafka must tell how {settings.version} was begun; it does not: {error!r}. "
            "Run this again."
        ) from None
    check_rules(settings, registry)
