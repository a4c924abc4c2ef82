"""The configuration of a local broker: one node that is broker and controller (KRaft)."""

from pathlib import Path

from dev.kafka.ports import HOST
from dev.kafka.security import Security

_INTERNAL_PARTITIONS = 4
"""Partitions of each internal topic; Kafka's 50 take seconds to create and to load."""

JVM_OPTIONS = (
    "-Xms256m",
    "-Xmx1g",
    "-XX:+ExitOnOutOfMemoryError",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd HH:mm:ss,SSS",
)
"""A gigabyte is more than any test fills, and leaves the machine to the workers."""


def server_properties(
    data: Path, port: int, controller_port: int, security: Security | None = None
) -> str:
    """Return the text of server.properties.

    Args:
        data: directory of the broker's data.
        port: where clients connect, 1 to 65535.
        controller_port: where the broker meets its own controller, 1 to 65535.
        security: listeners beside the plain one.
    """
    settings = (
        _node(data, port, controller_port) | _internal_topics() | _prompt_groups() | _disciplined()
    )
    if security is not None:
        settings |= security.properties()
        for name in ("listeners", "advertised.listeners"):
            settings[name] = f"{settings[name]},{security.listeners()}"
    return "".join(f"{name}={value}\n" for name, value in settings.items())


def _node(data: Path, port: int, controller_port: int) -> dict[str, object]:
    """Who the node is, and where it listens."""
    return {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": f"1@{HOST}:{controller_port}",
        "listeners": f"PLAINTEXT://{HOST}:{port},CONTROLLER://{HOST}:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://{HOST}:{port}",
        "controller.listener.names": "CONTROLLER",
        "log.dirs": data,
        # After a kill the controller, itself, takes the broker for alive for so long, and lets
        # its next start wait: Kafka's are 2 and 9 s.
        "broker.heartbeat.interval.ms": 500,
        "broker.session.timeout.ms": 3000,
    }


def _internal_topics() -> dict[str, object]:
    """One node keeps one copy."""
    return {
        "offsets.topic.replication.factor": 1,
        "offsets.topic.num.partitions": _INTERNAL_PARTITIONS,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "transaction.state.log.num.partitions": _INTERNAL_PARTITIONS,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        "share.coordinator.state.topic.num.partitions": _INTERNAL_PARTITIONS,
    }


def _prompt_groups() -> dict[str, object]:
    """Groups form at once, and tests may notice a dead member within a second."""
    return {"group.initial.rebalance.delay.ms": 0, "group.min.session.timeout.ms": 1000}


def _disciplined() -> dict[str, object]:
    """Topics exist because somebody created them; compacted ones are compacted."""
    return {
        "auto.create.topics.enable": "false",
        "log.cleaner.enable": "true",
        "log.cleaner.backoff.ms": 1000,  # Kafka's 15 s are long for a test to wait
    }
