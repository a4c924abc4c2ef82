"""deploy/: what Prometheus scrapes and watches, and Grafana shows, exists and can be read."""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from app.bootstrap import create_app
from app.settings import Settings
from dev.kafka.jars import ROOT
from tests.containers import SERVICES

DEPLOY = ROOT / "deploy"
PROMETHEUS: dict[str, Any] = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text())
RULES = {
    path.stem: [
        rule for group in yaml.safe_load(path.read_text())["groups"] for rule in group["rules"]
    ]
    for path in sorted((DEPLOY / "prometheus/rules").glob("*.yml"))
}
ALERTS = RULES["alerts"]
DASHBOARD: dict[str, Any] = json.loads((DEPLOY / "grafana/dashboards/clickstream.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
QUERIES = [target["expr"] for panel in PANELS for target in panel["targets"]] + [
    annotation["expr"] for annotation in DASHBOARD["annotations"]["list"]
]

PROMETHEUS_OWN = {"up", "ALERTS"}
"""What Prometheus itself knows."""

WIDTH = 24
"""Columns of a dashboard."""


def selectors(node: Any) -> Iterator[promql_parser.VectorSelector]:
    """The series that an expression asks for."""
    if isinstance(node, promql_parser.VectorSelector):
        yield node
    for name in ("vector_selector", "expr", "lhs", "rhs", "param"):
        child = getattr(node, name, None)
        if child is not None:
            yield from selectors(child)
    for child in getattr(node, "args", None) or ():
        yield from selectors(child)


def parsed(query: str) -> Any:
    """An expression, Grafana's variables filled in; ValueError if it is none."""
    filled = query.replace("$__rate_interval", "1m").replace("$stage", ".*")
    return promql_parser.parse(filled)


@cache
def exposed() -> dict[str, set[str]]:
    """The labels of every sample that a worker exposes by name; None of them has data yet."""
    app = create_app(Settings())
    families = list(app.metrics.registry.collect())
    names: dict[str, set[str]] = {}
    for family in families:
        for suffix in _suffixes(family.type):
            names[family.name + suffix] = set()
    for family in text_string_to_metric_families(app.metrics.render("")[0].decode()):
        for sample in family.samples:
            names.setdefault(sample.name, set()).update(sample.labels)
    return names


def _suffixes(kind: str) -> tuple[str, ...]:
    by_kind = {
        "counter": ("_total",),
        "histogram": ("_bucket", "_sum", "_count"),
        "info": ("_info",),
    }
    return by_kind.get(kind, ("",))


def recorded() -> set[str]:
    """What the recording rules make."""
    return {rule["record"] for rule in RULES["recording"]}


EXPRESSIONS = [
    (rule.get("alert") or rule["record"], rule["expr"]) for r in RULES.values() for rule in r
]
ALL = EXPRESSIONS + [(f"query {n}", query) for n, query in enumerate(QUERIES)]


@pytest.mark.parametrize(("name", "query"), ALL, ids=[name for name, _ in ALL])
def test_every_expression_is_promql_over_series_that_exist(name: str, query: str) -> None:
    """A worker exposes them, a rule records them, or Prometheus has them itself."""
    asked = {selector.name for selector in selectors(parsed(query))}
    assert asked
    assert asked <= exposed().keys() | recorded() | PROMETHEUS_OWN


def test_a_slip_in_an_expression_is_found() -> None:
    """A parenthesis too few; and the parts of every kind of expression are looked at."""
    with pytest.raises(ValueError, match=r"parenthesis|unclosed"):
        parsed("sum(rate(a[5m])")
    query = "-sum by (x) (rate(a[5m])) / on (x) (b) > scalar(c) and max_over_time((d)[5m:1m]) > 1"
    assert {"a", "b", "c", "d"} == {selector.name for selector in selectors(parsed(query))}


def test_every_alert_says_how_grave_it_is_what_is_wrong_and_what_to_do() -> None:
    """The runbook is more than a sentence."""
    for alert in ALERTS:
        assert alert["labels"]["severity"] in {"critical", "warning"}
        assert alert["annotations"]["summary"].endswith(".")
        assert len(alert["annotations"]["runbook"]) > 120, alert["alert"]
        assert {"summary", "runbook"} == set(alert["annotations"])


def test_alerts_have_names_of_their_own() -> None:
    """One name, one runbook."""
    names = [alert["alert"] for alert in ALERTS]
    assert len(set(names)) == len(names)
    assert all(name.startswith("Clickstream") for name in names)


def test_runbooks_name_nothing_of_the_imagination() -> None:
    """Settings, metrics and other alerts that they send people to."""
    said = " ".join(alert["annotations"]["runbook"] for alert in ALERTS)
    settings = {str(field.validation_alias) for field in Settings.model_fields.values()}
    assert set(re.findall(r"CLICKSTREAM_\w+", said)) <= settings
    alerts = {alert["alert"] for alert in ALERTS}
    assert set(re.findall(r"Clickstream[A-Z]\w+", said)) <= alerts
    families = {name.removesuffix("_bucket") for name in exposed()}
    assert set(re.findall(r"clickstream_\w+", said)) <= families | exposed().keys()


def test_labels_that_summaries_show_are_those_that_the_alert_has() -> None:
    """Else a summary has a gap where it matters."""
    for alert in ALERTS:
        shown = set(re.findall(r"\$labels\.(\w+)", alert["annotations"]["summary"]))
        assert shown <= _labels(alert["expr"]), alert["alert"]


def _labels(query: str) -> set[str]:
    """Labels that an expression keeps: of its aggregations, or of its series."""
    grouped = set(re.findall(r"\w+", " ".join(re.findall(r"by \(([^)]*)\)", query))))
    for name in re.findall(r"clickstream:\w+:\w+", query):
        grouped |= _labels(next(r["expr"] for r in RULES["recording"] if r["record"] == name))
    return grouped | ({"instance", "job"} if query.startswith("up{") else set())


def test_every_alert_is_tried_on_made_up_series() -> None:
    """By promtool, which runs deploy/prometheus/tests; each alert is expected there."""
    text = (DEPLOY / "prometheus/tests/alerts.yml").read_text()
    expected = {alert["alert"] for alert in ALERTS}
    assert expected == set(re.findall(r"Clickstream[A-Z]\w+", text))


def test_prometheus_reads_the_rules_that_are_there() -> None:
    """By the path at which the container has them."""
    mounted = dict(v.split(":")[:2] for v in SERVICES["prometheus"]["volumes"])
    assert "/etc/prometheus" == mounted["./deploy/prometheus"]
    (pattern,) = PROMETHEUS["rule_files"]
    found = DEPLOY.glob(str(Path(pattern).relative_to("/etc")))
    assert {"alerts", "recording"} == {path.stem for path in found}
    assert "--config.file=/etc/prometheus/prometheus.yml" in SERVICES["prometheus"]["command"]


def test_what_rules_ask_prometheus_about_workers_is_the_name_of_their_job() -> None:
    """`up` has no other label to tell them by."""
    jobs = {job["job_name"] for job in PROMETHEUS["scrape_configs"]}
    asked = set(re.findall(r'job="(\w+)"', " ".join(query for _, query in ALL)))
    assert {"clickstream"} == asked
    assert asked <= jobs


def test_panels_have_numbers_of_their_own_and_do_not_overlap() -> None:
    """Grafana drops one of two that clash."""
    numbers = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(numbers)) == len(numbers)
    cells = [cell for panel in DASHBOARD["panels"] for cell in _cells(panel["gridPos"])]
    assert len(set(cells)) == len(cells)
    assert all(0 <= x < WIDTH for x, _ in cells)


def _cells(at: dict[str, int]) -> Iterator[tuple[int, int]]:
    for x in range(at["x"], at["x"] + at["w"]):
        for y in range(at["y"], at["y"] + at["h"]):
            yield x, y


def test_every_panel_says_what_it_shows() -> None:
    """A title, a sentence and a unit; each query its own letter."""
    for panel in PANELS:
        assert panel["title"]
        assert panel["description"].endswith(".")
        letters = [target["refId"] for target in panel["targets"]]
        assert len(set(letters)) == len(letters)
        assert "unit" in panel["fieldConfig"]["defaults"] or panel["type"] == "heatmap"


def test_the_dashboard_asks_the_datasource_that_is_provisioned() -> None:
    """By its uid: names may be changed by hand."""
    text = (DEPLOY / "grafana/provisioning/datasources/prometheus.yml").read_text()
    (source,) = yaml.safe_load(text)["datasources"]
    assert {(source["type"], source["uid"])} == set(_datasources(DASHBOARD))
    assert "http://prometheus:9090" == source["url"]


def _datasources(node: Any) -> Iterator[tuple[str, str]]:
    if isinstance(node, dict):
        if "datasource" in node:
            yield node["datasource"]["type"], node["datasource"]["uid"]
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            yield from _datasources(child)


def test_grafana_finds_the_dashboard_where_it_is_mounted() -> None:
    """The provider's path, and the one that is shown first."""
    mounted = dict(v.split(":")[:2] for v in SERVICES["grafana"]["volumes"])
    assert "/etc/grafana/provisioning" == mounted["./deploy/grafana/provisioning"]
    text = (DEPLOY / "grafana/provisioning/dashboards/clickstream.yml").read_text()
    (provider,) = yaml.safe_load(text)["providers"]
    assert mounted["./deploy/grafana/dashboards"] == provider["options"]["path"]
    home = SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert f"{provider['options']['path']}/clickstream.json" == home


def test_the_stages_to_choose_from_are_those_that_workers_tell_of() -> None:
    """The variable's query names a metric with that label."""
    (variable,) = DASHBOARD["templating"]["list"]
    found = re.fullmatch(r"label_values\((\w+), (\w+)\)", variable["query"]["query"])
    assert found is not None
    metric, label = found.groups()
    assert label in exposed()[metric]
