"""An observer of the stages that counts for Prometheus.

Counters begin at zero with the process; a partition that moves goes on in another process. No
label tells of a user: stages, partitions, topics' short names and codes are all there is.
"""

import collections
import time
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import version

import prometheus_client
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Info,
    PlatformCollector,
    ProcessCollector,
    exposition,
)
from prometheus_client.registry import Collector

from agents.spec import Seconds, StageSpec
from agents.stage import StageTask
from app.metrics.histogram import (
    LATENCY_SECONDS,
    LATENESS_SECONDS,
    RECORDS,
    TAKEOVER_SECONDS,
    WORK_SECONDS,
    Histogram,
)
from models.dead_letters import DEAD_LETTERS
from models.stage import InputRecord, Output, Step
from models.watermark import appended_of

_STAGE = ("stage",)


class Metrics:
    """What this worker's stages did since it started.

    Attributes:
        registry: All metrics of this app.
    """

    def __init__(
        self,
        stages: Iterable[StageSpec],
        *collectors: Collector,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Begin at zero.

        Args:
            stages: All there are.
            collectors: Tell more at the time of a scrape.
            clock: Seconds since the epoch.
        """
        # They double the series and tell nothing; the function has no types.
        prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self._clock = clock
        self._count(self.registry)
        self._measure(self.registry)
        self._expect(stages)
        Info("clickstream_build", "This application.", registry=self.registry).info(
            {"version": version("clickstream"), "faust": version("faust-streaming")}
        )
        for collector in collectors:
            self.registry.register(collector)
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)

    def _count(self, registry: CollectorRegistry) -> None:
        self._records = Counter(
            "clickstream_records",
            "Records read whose step is committed, by what they became.",
            ("stage", "partition", "became"),
            registry=registry,
        )
        self._sent = Counter(
            "clickstream_sent",
            "Records sent, watermark and idle records too, by topic (its short name).",
            ("stage", "topic"),
            registry=registry,
        )
        self._dead_letters = Counter(
            "clickstream_dead_letters",
            "Dead letters by the rule that they break.",
            ("stage", "code"),
            registry=registry,
        )
        self._failures = Counter(
            "clickstream_task_failures",
            "Tasks that gave up: their partition goes on after a rebalance.",
            _STAGE,
            registry=registry,
        )
        self._rebalances = Counter(
            "clickstream_rebalances", "Assignments taken over.", registry=registry
        )
        self._restored = Counter(
            "clickstream_restored_records",
            "Changelog records read to restore tables.",
            registry=registry,
        )

    def _measure(self, registry: CollectorRegistry) -> None:
        def histogram(
            name: str, text: str, bounds: Sequence[float], labels: Sequence[str] = _STAGE
        ) -> Histogram:
            return Histogram(f"clickstream_{name}", text, labels, buckets=bounds, registry=registry)

        self._steps = histogram("step_duration_seconds", "Deciding a step.", WORK_SECONDS)
        self._commits = histogram("commit_duration_seconds", "Committing a step.", WORK_SECONDS)
        self._batches = histogram("batch_records", "Records of a step.", RECORDS)
        self._lateness = histogram(
            "lateness_seconds", "Grace that late records lacked.", LATENESS_SECONDS
        )
        self._latency = histogram(
            "end_to_end_latency_seconds",
            "From an input record's Kafka timestamp until its count or join is committed: of the "
            "last record before each watermark record.",
            LATENCY_SECONDS,
        )
        self._takeovers = histogram(
            "rebalance_duration_seconds",
            "Fencing and restoring partitions that were taken over.",
            TAKEOVER_SECONDS,
            (),
        )

    def _expect(self, stages: Iterable[StageSpec]) -> None:
        """Show zero for what has not happened yet: else nobody would see a first time."""
        for stage in stages:
            for metric in (self._steps, self._commits, self._batches, self._failures):
                metric.labels(stage.name)
            if stage.table is not None:
                self._lateness.labels(stage.name)
                self._latency.labels(stage.name)

    def committed(
        self, task: StageTask, records: Sequence[InputRecord], step: Step, seconds: Seconds
    ) -> None:
        """Count a step."""
        stage = task.spec.name
        letters = step.outputs.get(DEAD_LETTERS, ())
        became = {**step.became, "deadLetters": len(letters)}
        for name, count in became.items():
            self._records.labels(stage, task.partition, name).inc(count)
        for topic, outputs in step.outputs.items():
            self._sent.labels(stage, topic).inc(len(outputs))
        for code, count in collections.Counter(map(_code, letters)).items():
            self._dead_letters.labels(stage, code).inc(count)
        self._steps.labels(stage).observe(seconds.step)
        self._commits.labels(stage).observe(seconds.commit)
        self._batches.labels(stage).observe(len(records))
        if task.spec.table is not None:
            if step.late_by_ms:
                self._lateness.labels(stage).observe_many(ms / 1000 for ms in step.late_by_ms)
            self._observe_latency(stage, records)

    def _observe_latency(self, stage: str, records: Sequence[InputRecord]) -> None:
        signals = [record for record in records if record.value is None]
        now = self._clock()
        for signal in signals:
            appended = appended_of(signal.headers)
            if appended is not None:
                # A producer's clock may be ahead of ours.
                self._latency.labels(stage).observe(max(now - appended / 1000, 0.0))

    def rebalanced(self, kept: int, taken: int, restored: int, seconds: float) -> None:
        """Count a rebalance."""
        self._rebalances.inc()
        self._restored.inc(restored)
        self._takeovers.observe(seconds)

    def failed(self, task: StageTask, error: BaseException) -> None:
        """Count a failure."""
        self._failures.labels(task.spec.name).inc()

    def render(self, accept: str) -> tuple[bytes, str]:
        """What is to be scraped.

        Args:
            accept: The formats that the scraper takes (its header ``Accept``).

        Returns:
            The text, and its content type.
        """
        try:
            encode, content_type = exposition.choose_encoder(accept)
        except (TypeError, ValueError):  # it names a version that is no number
            encode, content_type = exposition.choose_encoder("")
        return encode(self.registry), content_type


def _code(letter: Output) -> str:
    """The code of a dead letter: ours, and the last of that name."""
    return dict(letter.headers)["code"].decode()
