"""The page of the metrics, from the registry that `/metrics` renders."""

from collections.abc import Iterator

from prometheus_client.metrics_core import Metric

from app.bootstrap import create_app
from app.settings import Settings
from dev.kafka.jars import ROOT
from dev.reference.markdown import code, page, table

_INTRODUCTION = """\
Every worker shows its own at `GET /metrics`, for Prometheus; sum them over the workers. Counters
begin at zero with the process. Beside these there are `process_*` and `python_info`. What to
watch, and what to do about it, is told in [Monitor](../how-to/monitor.md)."""

_OURS = "clickstream_"
#: What a counter's name ends in where it is shown.
_COUNTED = {"counter": "_total", "info": "_info"}


def page_of_metrics() -> str:
    """Every metric with its kind and labels."""
    rows = sorted(_row(metric, labels) for metric, labels in _metrics())
    return page("Metrics", _INTRODUCTION, table(("metric", "kind", "labels", "meaning"), rows))


def _metrics() -> Iterator[tuple[Metric, tuple[str, ...]]]:
    # Of a directory that is there: without one nothing is told of its disk.
    app = create_app(Settings().model_copy(update={"data_dir": ROOT}))
    for collector in [*app.metrics.registry._collector_to_names]:  # noqa: SLF001 it lists them nowhere else
        for metric in collector.describe() if hasattr(collector, "describe") else ():
            if metric.name.startswith(_OURS):
                labels = getattr(metric, "_labelnames", ()) or getattr(collector, "_labelnames", ())
                yield metric, tuple(labels)


def _row(metric: Metric, labels: tuple[str, ...]) -> tuple[str, str, str, str]:
    name = metric.name + _COUNTED.get(metric.type, "")
    return code(name), metric.type, ", ".join(map(code, labels)), metric.documentation
