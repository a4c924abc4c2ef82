"""A local Apache Kafka for development, demo, tests and benchmarks; needs Java 17 and Maven.

`python -m dev.kafka` runs one in the foreground. In code::

    with LocalKafka(directory) as kafka:  # one broker of one's own, to kill and restart
        kafka.bootstrap

    with resolve_broker() as broker:  # any broker there is
        broker.bootstrap, broker.url
"""

from dev.kafka.broker import LocalKafka
from dev.kafka.errors import KafkaError
from dev.kafka.jars import ensure_jars
from dev.kafka.resolve import Broker, resolve_broker
from dev.kafka.security import Security

__all__ = ["Broker", "KafkaError", "LocalKafka", "Security", "ensure_jars", "resolve_broker"]
