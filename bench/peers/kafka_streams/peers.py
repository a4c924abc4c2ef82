"""Kafka Streams 4.1 as a peer, and how its Java programs are built and run."""

from pathlib import Path

from bench.peers.environments import made
from bench.peers.maven import build
from bench.peers.peer import Peer
from bench.peers.told import Told

_HERE = Path(__file__).parent
_PACKAGE = "clickstream.bench"
#: Kafka's own choice of options is for brokers; these are what a small service is given.
_JVM_OPTIONS = ("-Xmx1g", "-XX:+UseSerialGC", "-Dorg.slf4j.simpleLogger.defaultLogLevel=error")


def java(program: str) -> list[str]:
    """The command of a program, the name of its main class; built first where it is not."""
    directory = _built()
    path = f"{directory}/classes:{directory}/jars/*"
    return ["java", *_JVM_OPTIONS, "-cp", path, f"{_PACKAGE}.{program}"]


def _built() -> Path:
    sources = [_HERE / "pom.xml", *sorted(_HERE.glob("src/**/*.java"))]
    goals = ("compiler:compile", "dependency:copy-dependencies")
    return made("kafka_streams", sources, lambda to: build(_HERE / "pom.xml", to, *goals))


def _prepare() -> None:
    _built()


def _counting(_: Told) -> list[str]:
    return java("Counting")


PEERS = (
    Peer(
        name="kafka-streams",
        title="Kafka Streams 4.1.0, one thread",
        guarantee="exactly once",
        tuning=(
            "EmitStrategy.onWindowClose, 64 MiB record cache, commits each second instead of ten,"
            " RocksDB keeping a day, a time found without parsing JSON, no repartition, serial"
            " garbage collector."
        ),
        command=_counting,
        prepare=_prepare,
        environment={"BENCH_CACHE_BYTES": str(64 * 1024 * 1024), "BENCH_COMMIT_MS": "1000"},
    ),
)
