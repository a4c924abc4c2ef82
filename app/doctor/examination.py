"""Everything gathered and checked."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from aiokafka.errors import KafkaError

from agents.spec import StageSpec
from app.audit.logs import open_logs
from app.doctor import flow_checks, kafka_checks, machine_checks
from app.doctor.facts import Brokers, Flow
from app.doctor.findings import Finding
from app.doctor.gathering import brokers_of, flow_of
from app.doctor.machine import answers_of, disk_of, registry_of
from app.doctor.packages import packages
from app.doctor.probe import probe
from app.inputs.cluster import connected
from app.settings import Settings


@dataclass(frozen=True, slots=True)
class Order:
    """What to examine.

    Attributes:
        settings: The application's.
        stages: Its stages.
        urls: Addresses of workers to ask.
        port: Where a worker's views would be on this machine.
        write: Whether to try a transaction.
    """

    settings: Settings
    stages: Collection[StageSpec]
    urls: Sequence[str] = ()
    port: int = 6066
    write: bool = True


async def examine(order: Order, proceed: Callable[[], None]) -> list[Finding]:
    """Gather and check.

    Args:
        order: What to examine.
        proceed: Called now and then; raises to end.
    """
    settings = order.settings
    brokers, flow = await _kafka(order, proceed)
    findings = list(kafka_checks.of_brokers(brokers))
    if flow is not None:
        findings += _of_flow(settings, brokers, flow)
    findings += machine_checks.of_registry(await registry_of(settings))
    findings += machine_checks.of_disk(disk_of(settings.data_dir))
    answers = await answers_of(settings, order.urls, order.port)
    findings += machine_checks.of_answers(answers)
    findings += machine_checks.of_packages(packages())
    findings += machine_checks.of_settings(settings)
    return findings


def _of_flow(settings: Settings, brokers: Brokers, flow: Flow) -> list[Finding]:
    readings = flow.readings
    return [
        *kafka_checks.of_transactions(flow.transactions),
        *kafka_checks.of_open(flow.open, flow.watched_s),
        *kafka_checks.of_topics(settings, brokers.count, flow.topic_faults, flow.topics),
        *flow_checks.of_group(settings, flow.group, readings, flow.tables_begun, brokers.config),
        *flow_checks.of_readings(readings),
    ]


async def _kafka(order: Order, proceed: Callable[[], None]) -> tuple[Brokers, Flow | None]:
    settings = order.settings
    try:
        async with connected(settings.connection) as admin:
            brokers = await brokers_of(settings, admin)
        async with open_logs(settings.connection, proceed, lambda _: None) as logs:
            flow = await flow_of(settings, logs, order.stages)
            if order.write and not flow.topic_faults:
                flow = replace(flow, transactions=await probe(settings, logs.admin))
            return brokers, flow
    except (KafkaError, OSError) as error:
        reason = (str(error) or type(error).__name__).rstrip(".")
        return Brokers(settings.bootstrap_servers, reason), None
