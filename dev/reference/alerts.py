"""The page of the alerts, from the rules that Prometheus is given."""

from collections.abc import Iterator
from typing import Any

import yaml

from dev.kafka.jars import ROOT
from dev.reference.markdown import block, page

_RULES = ROOT / "deploy" / "prometheus" / "rules" / "alerts.yml"
_INTRODUCTION = """\
As [alerts.yml](../../deploy/prometheus/rules/alerts.yml) has them. Critical wakes somebody up,
warning can wait for the morning. How to get them: [Monitor](../how-to/monitor.md#alerts)."""


def page_of_alerts() -> str:
    """Every alert: when it fires, and what to do then."""
    groups = yaml.safe_load(_RULES.read_text())["groups"]
    alerts = [rule for group in groups for rule in group["rules"] if "alert" in rule]
    return page("Alerts", _INTRODUCTION, *(part for alert in alerts for part in _parts(alert)))


def _parts(alert: dict[str, Any]) -> Iterator[str]:
    yield f"## {alert['alert']}"
    lasting = f", after {alert['for']}" if "for" in alert else ""
    yield f"{alert['labels']['severity'].capitalize()}{lasting}."
    yield block(alert["expr"].strip(), "promql")
    yield alert["annotations"]["runbook"].strip()
