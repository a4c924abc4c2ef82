"""Traces of what the stages do, by OpenTelemetry: off, and not even imported, unless set.

Each committed step is a span with two children: deciding it, and committing it. Spans wait in a
queue and are sent by a thread of their own; what the collector does not take in time is dropped.
``OTEL_*`` variables are OpenTelemetry's own: a sampler, headers, timeouts.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, TypeAlias

from agents.spec import Observer, Seconds
from agents.stage import StageTask
from app.settings import Settings
from models.errors import SettingsError
from models.stage import InputRecord, Step

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Tracer

#: Milliseconds between sendings, and spans that wait at most: 5 seconds of a busy worker's.
_SEND_EVERY_MS = 1_000
_QUEUE_SPANS = 8_192
_SECOND_NS = 1_000_000_000

_Attributes: TypeAlias = Mapping[str, str | int]


def tracers(settings: Settings) -> list[Observer]:
    """The observers that trace: one where an endpoint is set, else none.

    Raises:
        SettingsError: What traces are made with is not installed.
    """
    if settings.otlp_endpoint is None:
        return []
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415 where it is set only
            OTLPSpanExporter,
        )
    except ImportError:
        raise SettingsError(
            "Traces need OpenTelemetry's packages; CLICKSTREAM_OTLP_ENDPOINT is set to "
            f"{settings.otlp_endpoint} and they are not installed. Install the extra: "
            "pip install 'clickstream[tracing]', or unset it."
        ) from None
    exporter = OTLPSpanExporter(endpoint=f"{settings.otlp_endpoint.rstrip('/')}/v1/traces")
    return [Tracing(tracer(settings.identity, exporter))]


def tracer(app_id: str, exporter: "SpanExporter") -> "Tracer":
    """What makes spans.

    Args:
        app_id: Names the service.
        exporter: Sends them, in a thread of its own.
    """
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 where it is set only
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 as above
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415 as above

    ours = {"service.name": app_id, "service.version": version("clickstream")}
    provider = TracerProvider(resource=Resource.create(ours))
    provider.add_span_processor(
        BatchSpanProcessor(
            exporter, max_queue_size=_QUEUE_SPANS, schedule_delay_millis=_SEND_EVERY_MS
        )
    )
    return provider.get_tracer("clickstream")


class Tracing:
    """An observer of the stages that makes spans of what has just ended."""

    def __init__(self, tracer: "Tracer", clock_ns: Callable[[], int] = time.time_ns) -> None:
        """Trace.

        Args:
            tracer: Makes the spans.
            clock_ns: Nanoseconds since the epoch.
        """
        self._tracer = tracer
        self._clock_ns = clock_ns

    def committed(
        self, task: StageTask, records: Sequence[InputRecord], step: Step, seconds: Seconds
    ) -> None:
        """Trace a step."""
        stage = task.spec.name
        attributes: dict[str, str | int] = {
            "clickstream.stage": stage,
            "clickstream.partition": task.partition,
            "clickstream.records": len(records),
            "clickstream.outputs": sum(map(len, step.outputs.values())),
            **_offsets(records),
        }
        parts = {"step": seconds.step, "commit": seconds.commit}
        self._span(f"{stage} step", sum(seconds), attributes, parts)

    def rebalanced(self, kept: int, taken: int, restored: int, seconds: float) -> None:
        """Trace a rebalance."""
        attributes = {
            "clickstream.kept": kept,
            "clickstream.taken": taken,
            "clickstream.restored": restored,
        }
        self._span("rebalance", seconds, attributes, {})

    def failed(self, task: StageTask, error: BaseException) -> None:
        """Nothing: nothing was committed, and the log tells of it."""

    def _span(
        self, name: str, seconds: float, about: _Attributes, parts: Mapping[str, float]
    ) -> None:
        """A span that ends now, and its parts, one after the other."""
        end_ns = self._clock_ns()
        at_ns = end_ns - _ns(seconds)
        with self._tracer.start_as_current_span(
            name, attributes=about, start_time=at_ns, end_on_exit=False
        ) as span:
            for part, took in parts.items():
                child = self._tracer.start_span(part, start_time=at_ns)
                at_ns += _ns(took)
                child.end(at_ns)
        span.end(end_ns)


def _ns(seconds: float) -> int:
    return round(seconds * _SECOND_NS)


def _offsets(records: Sequence[InputRecord]) -> dict[str, int]:
    """The first and the last offset of each topic's records."""
    lasts = {record.topic: record.offset for record in records}
    firsts = {record.topic: record.offset for record in reversed(records)}
    return {
        **{f"clickstream.{topic}.first": offset for topic, offset in firsts.items()},
        **{f"clickstream.{topic}.last": offset for topic, offset in lasts.items()},
    }
