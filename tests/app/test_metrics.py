"""Laws of the metrics: every record once, nothing of a user, and zero before the first time."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import make_mocked_request
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from agents.spec import Seconds, StageSpec
from agents.stage import StageTask
from app.bootstrap import create_app
from app.metrics.histogram import Histogram
from app.metrics.metrics import Metrics
from app.settings import Settings
from app.views import routes
from models.dead_letters import dead_letter
from models.stage import Output, Step
from models.watermark import Headers, watermark_headers
from tests.agents.fake_kafka import FakeKafka, FakeWriter
from tests.agents.fakes import EchoStage, FakeContext, record, spec_of
from tests.models.fakes import DAY, SECOND, Record

QUICK = Seconds(0.002, 0.02)
ECHO = spec_of(EchoStage())
PLAIN = spec_of(EchoStage(), "plain", table=None)
LABELS = {"stage", "partition", "became", "topic", "code", "table", "state", "le", "version"}


def metrics(now_ms: int = DAY) -> Metrics:
    """Of a stage with a table and one without."""
    return Metrics([ECHO, PLAIN], clock=lambda: now_ms / 1000)


def task(spec: StageSpec = ECHO) -> StageTask:
    """Partition 0 of a stage."""
    return StageTask(spec, 0, FakeWriter(FakeKafka()), FakeContext())


def value(of: Metrics, name: str, **labels: str) -> float | None:
    """What a scrape would find; None for no such series."""
    return of.registry.get_sample_value(f"clickstream_{name}", labels)


def commit(of: Metrics, step: Step, records: Sequence[Record], spec: StageSpec = ECHO) -> None:
    """Have a step committed."""
    of.committed(task(spec), records, step, QUICK)


def test_every_record_read_is_counted_once_by_what_it_became() -> None:
    """Dead letters are among them: the sum is the number of records read."""
    ours = metrics()
    rubbish = record(2)
    step = Step(became={"counted": 2})
    step.send("dead-letters", dead_letter(rubbish, "clicks-0-2", "not_json", "…"))
    commit(ours, step, [record(0), record(1), rubbish])
    total = "records_total"
    assert 2 == value(ours, total, stage="echo", partition="0", became="counted")
    assert 1 == value(ours, total, stage="echo", partition="0", became="deadLetters")
    assert 1 == value(ours, "dead_letters_total", stage="echo", code="not_json")
    assert 1 == value(ours, "sent_total", stage="echo", topic="dead-letters")
    assert 3 == value(ours, "batch_records_sum", stage="echo")


def test_a_step_and_its_commit_are_timed_apart() -> None:
    """In seconds, by stage."""
    ours = metrics()
    commit(ours, Step(), [])
    commit(ours, Step(), [])
    assert 0.004 == value(ours, "step_duration_seconds_sum", stage="echo")
    assert 0.04 == value(ours, "commit_duration_seconds_sum", stage="echo")
    assert 2 == value(ours, "commit_duration_seconds_bucket", stage="echo", le="0.025")
    assert 0 == value(ours, "commit_duration_seconds_bucket", stage="echo", le="0.01")


def test_lateness_is_what_each_late_record_lacked() -> None:
    """A bucket takes what is up to its bound."""
    ours = metrics()
    step = Step()
    for lacked_ms in (0, SECOND, SECOND + 1, 700 * SECOND):
        step.late(lacked_ms)
    commit(ours, step, [])
    found = [
        value(ours, "lateness_seconds_bucket", stage="echo", le=le)
        for le in ("1.0", "10.0", "300.0", "900.0", "+Inf")
    ]
    assert [2, 3, 3, 4, 4] == found


@given(st.lists(st.one_of(st.floats(0, 1e6), st.sampled_from([1.0, 10.0, 60.0]))))
def test_many_values_at_once_are_the_same_as_one_after_the_other(values: list[float]) -> None:
    """The bounds themselves too."""
    at_once = Histogram("x", "x", buckets=(1, 10, 60), registry=None)
    one_by_one = Histogram("x", "x", buckets=(1, 10, 60), registry=None)
    at_once.observe_many(values)
    for each in values:
        one_by_one.observe(each)
    assert _buckets(one_by_one) == _buckets(at_once)
    assert pytest.approx(sum(values)) == _samples(at_once)["_sum", None]


def _samples(of: Histogram) -> dict[tuple[str, str | None], float]:
    (family,) = of.collect()
    found = family.samples
    return {(s.name.removeprefix("x"), s.labels.get("le")): s.value for s in found}


def _buckets(of: Histogram) -> dict[tuple[str, str | None], float]:
    return {at: found for at, found in _samples(of).items() if at[0] != "_sum"}


def test_latency_runs_from_the_input_records_kafka_timestamp_to_the_commit() -> None:
    """As the watermark record behind it tells."""
    ours = metrics(now_ms=DAY + 700)
    told = Record("inner", headers=watermark_headers("clicks-0", DAY, DAY + 100))
    untold = Record("inner", headers=watermark_headers("clicks-0", DAY))
    commit(ours, Step(), [record(0), told, untold])
    assert 1 == value(ours, "end_to_end_latency_seconds_count", stage="echo")
    assert 0.6 == pytest.approx(value(ours, "end_to_end_latency_seconds_sum", stage="echo"))


def test_a_producers_clock_that_is_ahead_makes_no_negative_latency() -> None:
    """A sum that falls would look like a restart."""
    ours = metrics(now_ms=DAY)
    ahead = Record("inner", headers=watermark_headers("clicks-0", DAY, DAY + 5_000))
    commit(ours, Step(), [ahead])
    assert 0 == value(ours, "end_to_end_latency_seconds_sum", stage="echo")


@pytest.mark.parametrize("headers", [(), (("appended", b"soon"),), (("appended", b"9" * 5_000),)])
def test_a_strangers_header_is_not_measured(headers: Headers) -> None:
    """Nor does it stop anything."""
    ours = metrics()
    commit(ours, Step(), [Record("inner", headers=headers)])
    assert 0 == value(ours, "end_to_end_latency_seconds_count", stage="echo")


def test_inputs_are_no_place_for_watermarks() -> None:
    """Anyone writes there: a header of that name says nothing."""
    ours = metrics()
    commit(ours, Step(), [Record("clicks", headers=(("appended", b"1"),))], PLAIN)
    assert value(ours, "end_to_end_latency_seconds_count", stage="plain") is None


def test_rebalances_and_failures_are_counted() -> None:
    """With what was restored, and how long it took."""
    ours = metrics()
    ours.rebalanced(kept=2, taken=6, restored=1_200, seconds=0.5)
    ours.failed(task(), ValueError("fault"))
    assert 1 == value(ours, "rebalances_total")
    assert 1_200 == value(ours, "restored_records_total")
    assert 0.5 == value(ours, "rebalance_duration_seconds_sum")
    assert 1 == value(ours, "task_failures_total", stage="echo")


def test_what_has_not_happened_yet_is_zero() -> None:
    """Prometheus sees no increase in a series that begins at one."""
    ours = metrics()
    assert 0 == value(ours, "task_failures_total", stage="plain")
    assert 0 == value(ours, "lateness_seconds_count", stage="echo")
    commit(ours, Step(), [])
    dead = value(ours, "records_total", stage="echo", partition="0", became="deadLetters")
    assert 0 == dead


def rendered(tmp_path: Path, accept: str = "") -> tuple[str, str]:
    """Body and content type of ``GET /metrics``."""
    app = create_app(Settings(CLICKSTREAM_DATA_DIR=tmp_path))  # type: ignore[call-arg]
    request = make_mocked_request("GET", "/metrics", {"Accept": accept})
    answer = asyncio.run(_ask(routes(app)["/metrics"], request))
    return answer.text, answer.headers["Content-Type"]


async def _ask(view: Any, request: Any) -> Any:
    return await view(request)


def test_the_view_answers_in_the_format_that_the_scraper_takes(tmp_path: Path) -> None:
    """The text format, or OpenMetrics."""
    text, content_type = rendered(tmp_path)
    assert content_type.startswith("text/plain; version=0.0.4")
    assert "clickstream_build_info{" in text
    text, content_type = rendered(tmp_path, "application/openmetrics-text; version=1.0.0")
    assert content_type.startswith("application/openmetrics-text")
    assert text.endswith("# EOF\n")


@pytest.mark.parametrize("accept", ["text/plain;version=x", ";;,", "é", "application/json"])
def test_whatever_else_is_asked_for_is_answered_in_the_text_format(accept: str) -> None:
    """A scraper that says nonsense gets metrics, not an error."""
    assert metrics().render(accept)[1].startswith("text/plain; version=0.0.4")


def test_names_help_and_labels_follow_the_conventions(tmp_path: Path) -> None:
    """Ours begin alike, say what they are, and know no label that a user could fill."""
    families = list(text_string_to_metric_families(rendered(tmp_path)[0]))
    ours = [f for f in families if not f.name.startswith(("process_", "python_"))]
    assert len(ours) > 20
    for family in ours:
        assert family.name.startswith("clickstream_")
        assert family.documentation.endswith(".")
        assert not family.name.endswith(("_ms", "_milliseconds", "_kb"))
        labels = {label for sample in family.samples for label in sample.labels}
        assert labels <= LABELS | {"faust"}


def test_nothing_of_a_record_gets_into_the_metrics() -> None:
    """Neither its key, nor its value, nor its source."""
    ours = metrics()
    step = Step(became={"counted": 1})
    step.send("click-counts", Output(b"secret-user", b"secret-value"))
    letter = dead_letter(record(1, b"secret-key"), "secret-source", "not_json", "secret-text")
    step.send("dead-letters", letter)
    commit(ours, step, [record(0, b"secret-user"), record(1, b"secret-key")])
    assert b"secret" not in ours.render("")[0]
