"""Waiting for the outputs, and judging them."""

from tests.integration.harness import Cluster
from tests.integration.recount import Outcome, Rules, lacking, outputs, recount

OUTPUTS = (
    "click-counts",
    "late-events",
    "conversion-events",
    "unattributed-purchases",
    "dead-letters",
)


def settled(cluster: Cluster, rules: Rules | None = None) -> tuple[Outcome, Outcome]:
    """What is expected of the inputs as they are, and what was found."""
    inputs = cluster.read("clicks", "purchases")
    expected = recount(inputs["clicks"], inputs["purchases"], rules or Rules())
    assert all(expected[topic] for topic in OUTPUTS), "the shop must try every output"
    found = cluster.until_outputs(lambda: outputs(cluster.read(*OUTPUTS)), expected, lacking)
    return expected, found
