"""``create_app``: all the wiring, and nothing else."""

from collections.abc import Callable
from typing import Any

import faust
from faust.auth import Credentials, SASLCredentials, SSLCredentials

from agents.engine import Engine
from agents.gateway import KafkaGateway
from agents.snapshots import Snapshots
from agents.wiring import Wiring
from app.commands import (  # noqa: F401 a module registers its command
    as_of,
    diff,
    doctor,
    explain,
    generate,
    init_topics,
    ledger,
    load,
    promote,
    redrive,
    replay,
    retire,
    snapshot,
    tail,
    top,
    verify,
    versions,
    whatif,
)
from app.credentials import hide_passwords
from app.history.keeper import Keeper
from app.lookups import Lookups
from app.metrics.metrics import Metrics
from app.metrics.state import State
from app.peers import Peers
from app.recovery import TableManager
from app.registry.known import KnownSchemas, known_schemas
from app.router import StageRouter
from app.settings import Settings
from app.stages import kept_checks, register_all, window_rules
from app.status.cluster import Cluster
from app.topics import INPUTS, TABLES, changelog_name, short_name, topic_name
from app.transport import Transport
from app.web import Web
from app.worker import Worker
from tables.table import StageTable

#: Seconds between heartbeats: how soon a worker hears of a rebalance.
_HEARTBEAT_SECONDS = 0.3


class App(faust.App):
    """The Faust application, with what the commands and views need.

    Attributes:
        settings: The settings it was made with.
        engine: The stages of this worker.
        schemas: What is known of the schema registry's schemas; None without one.
        peers: This worker and the others.
        cluster: How they are.
        history: What the logs tell of the past.
        metrics: What this worker did, and how it is, for Prometheus.
    """

    settings: Settings
    engine: Engine
    schemas: KnownSchemas | None
    peers: Peers
    cluster: Cluster
    history: Keeper
    metrics: Metrics

    def _new_web(self) -> Web:
        return Web(self)


Register = Callable[[Wiring, Settings], None]


def create_app(settings: Settings, register: Register | None = None) -> App:
    """Make the application.

    Args:
        settings: Validated settings.
        register: Adds the agents; all of them by default.

    Returns:
        The application, with agents, tables and transport; nothing is connected yet.
    """
    app = _faust_app(settings)
    app.settings = settings
    app.engine = _engine(app, settings)
    app.transport = Transport(app.conf.broker, app, engine=app.engine)
    app.schemas = known_schemas(settings)
    wiring = Wiring(app, app.engine, lambda short: topic_name(settings, short), app.schemas)
    (register or register_all)(wiring, settings)
    _tables(app, settings)
    app.peers = Peers(app)
    app.cluster = Cluster(app, window_rules(settings))
    app.task(app.cluster.watch)
    state = State(app.engine, lambda name: short_name(settings, name), settings.data_dir)
    app.history = Keeper(settings)
    app.task(app.history.keep_warm)
    app.metrics = Metrics(app.engine.specs.values(), state)
    app.engine.observers.append(app.metrics)
    return app


def _faust_app(settings: Settings) -> App:
    return App(
        settings.identity,
        broker=settings.faust_broker,
        broker_credentials=_credentials(settings),
        datadir=settings.directory,
        store="memory://",  # the engine keeps the tables' rows in RocksDB
        autodiscover=False,  # it skips modules that fail to import
        Router=StageRouter,
        Worker=Worker,
        TableManager=TableManager,
        topic_allow_declare=False,  # init-topics creates topics, with their configuration
        topic_disable_leader=True,
        topic_partitions=settings.partitions,
        table_standby_replicas=settings.standby_replicas,
        broker_session_timeout=settings.session_timeout_ms / 1000,
        broker_heartbeat_interval=_HEARTBEAT_SECONDS,
        broker_request_timeout=max(90.0, settings.session_timeout_ms / 500),
        stream_recovery_delay=0.0,  # it would stop everything for its length
        consumer_auto_offset_reset="earliest",
        web_bind=settings.web_bind,
        web_host=settings.advertised_host,
        web_ssl_context=settings.web_context,
        canonical_url=settings.web_url,
    )


def _credentials(settings: Settings) -> Credentials | None:
    """What Faust's own clients show to Kafka: as all others, from ``settings.connection``."""
    hide_passwords()
    security = settings.security
    context = security.get("ssl_context")
    if "sasl_mechanism" in security:
        return SASLCredentials(
            username=security["sasl_plain_username"],
            password=security["sasl_plain_password"],
            mechanism=security["sasl_mechanism"],
            ssl_context=context,
        )
    return SSLCredentials(context) if context is not None else None


def _engine(app: App, settings: Settings) -> Engine:
    return Engine(
        app_id=settings.identity,
        partitions=settings.partitions,
        inputs=[topic_name(settings, short) for short in INPUTS],
        commit_interval_ms=settings.commit_interval_ms,
        topic=lambda short: topic_name(settings, short),
        changelog=lambda table: changelog_name(settings, table),
        crash=app.crash,
        gateway=KafkaGateway(
            settings.identity,
            settings.directory / settings.identity,
            _snapshots(settings),
            **settings.connection,
        ),
    )


def _snapshots(settings: Settings) -> Snapshots | None:
    return (
        None if settings.snapshot is None else Snapshots(settings.snapshot, kept_checks(settings))
    )


def _tables(app: App, settings: Settings) -> None:
    lookups = Lookups(app.engine, window_rules(settings))
    helps = {
        "click-counts": "Clicks per user and window; open windows are not final.",
        "join-state": "Recent clicks on products, and purchases that may still be matched.",
    }
    for name in TABLES:
        changelog: Any = app.topic(
            changelog_name(settings, name), key_type=bytes, value_type=bytes, acks=False
        )
        app.tables.add(
            StageTable(
                app,
                name=name,
                partitions=settings.partitions,
                changelog_topic=changelog,
                help=helps[name],
                lookup=lookups.of(name),
            )
        )
