"""Why Kafka lets nobody in, in a sentence.

Its client tells of a wrong password or certificate as of a broker that is away: the first
connection is made once more, by itself, to hear the reason.
"""

import ssl
from collections.abc import Mapping
from typing import Any

from aiokafka.conn import AIOKafkaConnection, collect_hosts, create_conn
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    IllegalSaslStateError,
    KafkaConnectionError,
    KafkaError,
    SaslAuthenticationFailed,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
    UnsupportedSaslMechanismError,
)
from aiokafka.protocol.metadata import MetadataRequest

from models.errors import BrokerError

#: Milliseconds that the connection may take.
_CONNECT_MS = 5_000
#: What Kafka says to a user without the permission.
NOT_ALLOWED = (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
)
#: A listener that is spoken to in another way, or that wants a certificate, just hangs up.
_ENDED = (ConnectionResetError, KafkaConnectionError, ssl.SSLError)


class KafkaRefusal(BrokerError):  # noqa: N818 - said of what Kafka does: it refuses.
    """Kafka answers, and lets this client not in, or not do this: waiting changes nothing."""


async def refusal(connection: Mapping[str, Any], error: Exception) -> BrokerError | None:
    """Why Kafka refuses, if that is what it does.

    Args:
        connection: What the client was made with.
        error: What the client raised.

    Returns:
        The reason with a remedy: a KafkaRefusal where waiting changes nothing. None where nothing
        of the kind is known.
    """
    cause = await _cause(connection) if isinstance(error, KafkaConnectionError) else error
    if sentence := _sentence(connection, cause):
        return KafkaRefusal(sentence)
    return BrokerError(_ended(connection)) if isinstance(cause, _ENDED) else None


async def _cause(connection: Mapping[str, Any]) -> Exception | None:
    """What a connection fails with; None if it does not."""
    arguments = dict(connection)
    cause: Exception | None = None
    for host, port, _ in collect_hosts(arguments.pop("bootstrap_servers")):
        try:
            made = await create_conn(
                host, port, client_id="clickstream", request_timeout_ms=_CONNECT_MS, **arguments
            )
        except (TimeoutError, OSError, KafkaError) as error:
            if isinstance(error, ssl.SSLError | KafkaError) or cause is None:
                cause = error
        else:
            return await _metadata_fault(made)
    return cause


async def _metadata_fault(made: AIOKafkaConnection) -> Exception | None:
    """What the first question fails with: a listener with passwords hangs up on it."""
    try:
        await made.send(MetadataRequest([]))
    except (KafkaError, TimeoutError) as error:
        return error
    finally:
        made.close()
    return None


def _sentence(connection: Mapping[str, Any], cause: Exception | None) -> str | None:
    at = f"Kafka at {connection['bootstrap_servers']}"
    user = connection.get("sasl_plain_username")
    match cause:
        case ssl.SSLCertVerificationError():
            return (
                f"{at} must show a certificate that is trusted, for the name in "
                f"CLICKSTREAM_BROKER; it does not: {cause.verify_message}. Set "
                "CLICKSTREAM_KAFKA_CA to the PEM file of its authority."
            )
        case SaslAuthenticationFailed():
            return (
                f"{at} must know the user {user} with this password and "
                f"{connection['sasl_mechanism']}; it does not. Correct CLICKSTREAM_KAFKA_USERNAME, "
                "CLICKSTREAM_KAFKA_PASSWORD or CLICKSTREAM_KAFKA_SASL_MECHANISM."
            )
        case UnsupportedSaslMechanismError() | IllegalSaslStateError():
            return (
                f"{at} must take {connection['sasl_mechanism']}; it does not ({cause}). Set "
                "CLICKSTREAM_KAFKA_SASL_MECHANISM, or another listener's CLICKSTREAM_BROKER."
            )
        case KafkaError() if isinstance(cause, NOT_ALLOWED):
            return (
                f"{at} must allow this to {user or 'this client'}; it does not ({cause}). Grant "
                "what SECURITY.md lists."
            )
        case _:
            return None


def _ended(connection: Mapping[str, Any]) -> str:
    protocol = connection["security_protocol"]
    certificate = (
        ", CLICKSTREAM_KAFKA_CERT and CLICKSTREAM_KAFKA_KEY, if it asks for a certificate,"
        if "ssl_context" in connection
        else ""
    )
    return (
        f"Kafka at {connection['bootstrap_servers']} must speak {protocol}; it takes the "
        f"connection and ends it. Correct CLICKSTREAM_KAFKA_SECURITY{certificate} or "
        "CLICKSTREAM_BROKER."
    )
