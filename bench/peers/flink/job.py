"""The job: counts in tumbling windows, from Kafka to Kafka, in one process with its Java."""

import json
import os
import signal
import sys
import time
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path

from pyflink.common import Configuration  # type: ignore[import-not-found]  # in its own environment
from pyflink.table import (  # type: ignore[import-not-found]  # in its own environment
    EnvironmentSettings,
    TableEnvironment,
)

from bench.peers.told import Told, ready
from dev.kafka.ports import HOST, free_port

_POLL_SECONDS = 0.02
_DAY_MS = 86_400_000
_JVM = "-Xmx1g -XX:+UseSerialGC"

_CLICKS = """
CREATE TABLE clicks (
  userId STRING,
  `timestamp` TIMESTAMP_LTZ(3),
  WATERMARK FOR `timestamp` AS `timestamp` - {grace}
) WITH (
  'connector' = 'kafka',
  'topic' = '{told.input}',
  'properties.bootstrap.servers' = '{told.bootstrap}',
  'properties.group.id' = '{told.group}',
  'properties.isolation.level' = 'read_committed',
  'scan.startup.mode' = 'earliest-offset',
  'format' = 'json',
  'json.timestamp-format.standard' = 'ISO-8601'
)"""

#: A broker lets no transaction be open for more than 15 minutes; the sink's default is an hour.
_COUNTS = """
CREATE TABLE counts (
  userId STRING,
  clickCount BIGINT,
  windowStart BIGINT,
  windowEnd BIGINT
) WITH (
  'connector' = 'kafka',
  'topic' = '{told.output}',
  'properties.bootstrap.servers' = '{told.bootstrap}',
  'properties.transaction.timeout.ms' = '600000',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = '{told.group}',
  'key.format' = 'raw',
  'key.fields' = 'userId',
  'value.format' = 'json'
)"""

_COUNT = """
INSERT INTO counts
SELECT
  userId,
  COUNT(*),
  1000 * CAST(TIMESTAMPDIFF(SECOND, TIMESTAMP '1970-01-01 00:00:00', window_start) AS BIGINT),
  1000 * CAST(TIMESTAMPDIFF(SECOND, TIMESTAMP '1970-01-01 00:00:00', window_end) AS BIGINT)
FROM TABLE(TUMBLE(TABLE clicks, DESCRIPTOR(`timestamp`), {window}))
GROUP BY userId, window_start, window_end"""


def main() -> None:
    """Run until SIGTERM."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    told, port = Told.from_environment(), free_port()
    tables = _tables(told, _options(told, port))
    window, grace = _interval(told.window_ms), _interval(told.grace_ms)
    tables.execute_sql(_CLICKS.format(told=told, grace=grace))
    tables.execute_sql(_COUNTS.format(told=told))
    job = tables.execute_sql(_COUNT.format(window=window)).get_job_client()
    _wait_until_it_runs(HTTPConnection(HOST, port), str(job.get_job_id()))
    ready()
    job.get_job_execution_result().result()


def _tables(told: Told, options: dict[str, str]) -> TableEnvironment:
    """Start Java, with Flink and all its parts in it."""
    # No functions in Python, so no server for them.
    os.environ |= {"_python_worker_execution_mode": "process", "JVM_ARGS": _JVM}
    os.environ["FLINK_LOG_DIR"] = str(told.directory)
    configuration = Configuration()
    for name, value in options.items():
        configuration.set_string(name, value)
    settings = EnvironmentSettings.new_instance().with_configuration(configuration).build()
    return TableEnvironment.create(settings)


def _options(told: Told, port: int) -> dict[str, str]:
    return {
        "execution.runtime-mode": "STREAMING",
        "parallelism.default": "1",
        "taskmanager.numberOfTaskSlots": "1",
        "taskmanager.memory.managed.size": "256m",
        "pipeline.object-reuse": "true",
        "pipeline.jars": ";".join(Path(jar).as_uri() for jar in sys.argv[1:]),
        "state.backend.type": os.environ["BENCH_STATE"],
        "execution.checkpointing.interval": "1 s",
        "execution.checkpointing.mode": "EXACTLY_ONCE",
        "execution.checkpointing.storage": "filesystem",
        "execution.checkpointing.dir": (told.directory / "checkpoints").as_uri(),
        "execution.checkpointing.incremental": "true",
        "io.tmp.dirs": str(told.directory),
        "table.local-time-zone": "UTC",
        "table.optimizer.agg-phase-strategy": "TWO_PHASE",
        "rest.address": HOST,
        "rest.port": str(port),
    }


def _wait_until_it_runs(rest: HTTPConnection, job: str) -> None:
    """Wait for every task: the job alone is said to run before its tasks do."""
    while True:
        rest.request("GET", f"/jobs/{job}")
        tasks = json.load(rest.getresponse())["vertices"]
        if tasks and all(task["status"] == "RUNNING" for task in tasks):
            return
        time.sleep(_POLL_SECONDS)


def _interval(milliseconds: int) -> str:
    """A duration of less than a hundred days, as SQL has it."""
    days, rest = divmod(milliseconds, _DAY_MS)
    text = datetime.fromtimestamp(rest / 1000, UTC).strftime("%H:%M:%S.%f")
    return f"INTERVAL '{days} {text}' DAY TO SECOND(6)"


if __name__ == "__main__":
    main()
