"""Flink SQL 2.1 as peers: its state in the heap, and in RocksDB."""

import sys
from pathlib import Path

from bench.peers.environments import made, run
from bench.peers.maven import build
from bench.peers.peer import Peer
from bench.peers.told import Told

_HERE = Path(__file__).parent
_TUNING = (
    "Windowing TVF in two phases (which has its own mini-batches), parallelism 1, object reuse,"
    " transactional sink, checkpoints each second, incremental ones of RocksDB, 256 MiB of managed"
    " memory, serial garbage collector."
)


def _environment() -> Path:
    requirements, pom = _HERE / "requirements.txt", _HERE / "pom.xml"
    return made("flink", [requirements, pom], lambda to: _make(to, requirements, pom))


def _make(to: Path, requirements: Path, pom: Path) -> None:
    run([sys.executable, "-m", "venv", str(to)])
    pip = [str(to / "bin/python"), "-m", "pip", "--disable-pip-version-check", "--quiet"]
    run([*pip, "install", "--no-deps", "-r", str(requirements)])
    build(pom, to, "dependency:copy-dependencies")


def _prepare() -> None:
    _environment()


def _command(_: Told) -> list[str]:
    environment = _environment()
    jars = [str(jar) for jar in sorted(environment.glob("jars/*.jar"))]
    return [str(environment / "bin/python"), "-m", "bench.peers.flink.job", *jars]


def _peer(state: str, title: str) -> Peer:
    return Peer(
        name=f"flink-{state}",
        title=f"Flink SQL 2.1.3, {title}",
        guarantee="exactly once",
        tuning=_TUNING,
        command=_command,
        prepare=_prepare,
        environment={"BENCH_STATE": state},
    )


PEERS = (_peer("hashmap", "heap state"), _peer("rocksdb", "RocksDB"))
