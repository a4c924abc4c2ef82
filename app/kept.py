"""What the tables' stages remember, in their changelogs, against what is set now."""

import msgspec
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from agents.spec import Envelope
from app.settings import Settings
from app.stages import kept_checks
from app.topics import changelog_name
from models.errors import BrokerError
from tables.changelog import last_states


async def check_kept(settings: Settings) -> None:
    """Check that the tables were made by the rules that are set.

    Raises:
        SettingsError: They were not: the numbers of both rules would mix.
        BrokerError: Kafka does not tell.
    """
    at = {
        TopicPartition(changelog_name(settings, table), partition): check
        for table, check in kept_checks(settings).items()
        for partition in range(settings.partitions)
    }
    try:
        states = await last_states(at, **settings.connection)
    except (KafkaError, ConnectionError, TimeoutError) as error:
        raise BrokerError(
            f"Kafka must tell what the tables hold; it does not: {error!r}. Start the worker again."
        ) from None
    for tp, state in states.items():
        at[tp](bytes(msgspec.json.decode(state, type=Envelope).stage))
