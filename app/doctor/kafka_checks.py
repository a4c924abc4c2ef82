"""Checks of the Kafka cluster and its topics: facts in, findings out."""

from collections.abc import Iterator, Sequence

from app.doctor.facts import Brokers, OpenTransaction, Topic, Transactions
from app.doctor.findings import Finding, duration, odd, well, wrong
from app.settings import Settings

BROKER = "broker"
TOPICS = "topics"

#: APIs that exactly-once needs, by their number in Kafka's protocol.
_NEEDED = {
    22: "InitProducerId",
    24: "AddPartitionsToTxn",
    25: "AddOffsetsToTxn",
    26: "EndTxn",
    28: "TxnOffsetCommit",
    32: "DescribeConfigs",
}
#: Versions of Kafka by an API that came with each.
_CAME_WITH = ((90, "4.1"), (83, "4.0"), (80, "3.9"), (75, "3.8"), (74, "3.7"), (68, "3.5"))
#: What a stage's transaction may last (ms): the broker must allow as much.
TRANSACTION_MS = 30_000
#: Seconds that a transaction may take to open, commit and abort.
_SLOW_SECONDS = 2.0
#: How far two clocks may be apart (ms).
_CLOCKS_APART_MS = 2_000
#: Replicas from which one that acknowledges alone is odd.
_MANY_REPLICAS = 3


def of_brokers(brokers: Brokers) -> Iterator[Finding]:
    """Whether Kafka answers, and can do what is needed."""
    if brokers.fault is not None:
        yield wrong(
            BROKER,
            f"Kafka does not answer at {brokers.address}: {brokers.fault}.",
            "Start it, or set CLICKSTREAM_BROKER.",
        )
        return
    version = next((v for api, v in _CAME_WITH if api in brokers.apis), None)
    which = f"Kafka {version} or later" if version else "Kafka before 3.5"
    noun = "broker" if brokers.count == 1 else "brokers"
    missing = [name for api, name in _NEEDED.items() if api not in brokers.apis]
    if missing:
        yield wrong(
            BROKER,
            f"{which} at {brokers.address} lacks {', '.join(missing)}.",
            "Exactly once needs Kafka's transactions: use a newer broker.",
        )
    else:
        yield well(BROKER, f"{which} answers at {brokers.address}, {brokers.count} {noun}.")
    allowed_ms = int(brokers.config.get("transaction.max.timeout.ms") or TRANSACTION_MS)
    if allowed_ms < TRANSACTION_MS:
        yield wrong(
            BROKER,
            f"The broker allows transactions of {duration(allowed_ms)}; a stage asks for "
            f"{duration(TRANSACTION_MS)}.",
            f"Set the broker's transaction.max.timeout.ms to {TRANSACTION_MS} or more.",
        )


def of_transactions(tried: Transactions | None) -> Iterator[Finding]:
    """Whether a transaction of our own worked, and what time the brokers have."""
    if tried is None:
        return
    if tried.fault is not None:
        yield wrong(
            BROKER,
            f"A transaction of our own failed: {tried.fault}.",
            "Look at the broker's log; transaction.state.log.replication.factor and .min.isr must "
            "not be more than the brokers there are. Where ACLs are kept, allow the principal to "
            "use transactional ids that begin with CLICKSTREAM_APP_ID.",
        )
        return
    took = f"{tried.seconds:.2f} s"
    if tried.seconds > _SLOW_SECONDS:
        yield odd(
            BROKER,
            f"Transactions work, and one took {took}.",
            "Every commit waits like that: look at the broker's disk and network.",
        )
    else:
        yield well(BROKER, f"Transactions work: one committed and one aborted in {took}.")
    for clock in tried.clocks:
        apart_ms = abs(clock.ahead_ms)
        side = "ahead of" if clock.ahead_ms > 0 else "behind"
        text = f"Broker {clock.node}'s clock is {duration(apart_ms)} {side} this machine's"
        if apart_ms - clock.within_ms > _CLOCKS_APART_MS:
            yield odd(
                BROKER,
                f"{text}.",
                "Let both follow one time server (NTP): "
                "CLICKSTREAM_FUTURE_SKEW is held against Kafka's timestamps.",
            )
        else:
            yield well(BROKER, f"{text} (within {duration(clock.within_ms)}).")


def of_open(open_: Sequence[OpenTransaction], watched_s: float) -> Iterator[Finding]:
    """Transactions that were left open: everything behind them waits."""
    for one in open_:
        yield odd(
            BROKER,
            f"A transaction stands open in {one.topic}-{one.partition} for {watched_s:.0f} s at "
            f"least; {one.records:,} records wait behind it.",
            "The broker ends it after its producer's transaction timeout (30 s for a worker). If "
            "it is there later still: kafka-transactions.sh find-hanging, then abort.",
        )
    if not open_:
        yield well(BROKER, "No transaction hangs open.")


def of_topics(
    settings: Settings, brokers: int, faults: Sequence[str], topics: Sequence[Topic]
) -> Iterator[Finding]:
    """Whether the topics are as they must be, and as safe as they can be."""
    for fault in faults:
        text, _, remedy = fault.partition(". ")
        yield wrong(TOPICS, f"{text}.", remedy)
    there = [topic for topic in topics if topic.partitions]
    if not faults:
        yield well(
            TOPICS,
            f"All {len(there)} topics are there; inner topics, outputs and changelogs have "
            f"{settings.partitions} partitions each, changelogs are compacted.",
        )
    for topic in there:
        yield from _replicas(topic)
    yield from _copies(settings, brokers, there)


def _replicas(topic: Topic) -> Iterator[Finding]:
    least = int(topic.config.get("min.insync.replicas") or 1)
    if topic.leaderless:
        yield wrong(
            TOPICS,
            f"{topic.leaderless} partitions of {topic.name} have no leader.",
            "Start the brokers that hold them.",
        )
    elif topic.in_sync < least:
        yield wrong(
            TOPICS,
            f"{topic.name} must have {least} replicas in sync (min.insync.replicas) to be written; "
            f"a partition has {topic.in_sync}.",
            "Start the brokers that are down, or alter min.insync.replicas.",
        )
    elif topic.in_sync < topic.replicas:
        yield odd(
            TOPICS,
            f"A partition of {topic.name} has {topic.in_sync} of {topic.replicas} "
            "replicas in sync.",
            "Look whether a broker is down.",
        )
    if topic.replicas > 1 and least >= topic.replicas:
        yield odd(
            TOPICS,
            f"{topic.name} must have all of its {least} replicas in sync: one broker that is down "
            "stops everything.",
            f"Alter its min.insync.replicas to {topic.replicas - 1}.",
        )
    if topic.replicas >= _MANY_REPLICAS and least == 1:
        yield odd(
            TOPICS,
            f"{topic.name} has {topic.replicas} replicas, and one alone may acknowledge "
            "(min.insync.replicas=1): a commit can be lost with its broker.",
            "Alter its min.insync.replicas to 2.",
        )


def _copies(settings: Settings, brokers: int, topics: Sequence[Topic]) -> Iterator[Finding]:
    single = [topic.name for topic in topics if topic.replicas == 1]
    if brokers > 1 and single:
        yield odd(
            TOPICS,
            f"There are {brokers} brokers, and {len(single)} topics have one replica "
            f"({', '.join(single[:3])} ...): what a lost disk had is lost.",
            f"Set CLICKSTREAM_REPLICATION_FACTOR={min(brokers, _MANY_REPLICAS)} before "
            "init-topics; give topics that exist more with kafka-reassign-partitions.sh.",
        )
    if settings.replication_factor > brokers:
        yield odd(
            TOPICS,
            f"CLICKSTREAM_REPLICATION_FACTOR is {settings.replication_factor}, and there are "
            f"{brokers} brokers: no topic can be created.",
            "Lower it, or start more brokers.",
        )
