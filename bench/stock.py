"""A stock Faust windowed table on the same topic, for comparison."""

import json
from dataclasses import dataclass
from typing import Any

from app.topics import ENRICHED_CLICKS, topic_name
from bench.report import Row
from bench.setup import Setup
from bench.stock_settings import MARK, StockSettings
from bench.worker import FaustWorker, faust_worker, wait_for

_START_SECONDS = 60.0
_POLL_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Share:
    """Of the topic, the stock table counts only a share: it would take minutes.

    Attributes:
        clicks: It ends after as many clicks,
        seconds: or after as many seconds.
    """

    clicks: int = 60_000
    seconds: float = 20.0


def measure(setup: Setup, store: str, share: Share, number: int = 0) -> Row:
    """Let it count a share of the clicks.

    Args:
        setup: Where the run works.
        store: Faust's name of the kind of store: ``memory`` or ``rocksdb``.
        share: How much.
        number: Of the round: each is a consumer group of its own.
    """
    name = f"{setup.prefix}stock-{store}-{number}"
    settings = setup.settings("stock")
    told = StockSettings(
        bootstrap=setup.bootstrap,
        app_id=name,
        store=f"{store}://",
        data_dir=str(setup.directory / name),
        topic=topic_name(settings, ENRICHED_CLICKS),
        partitions=settings.partitions,
        window_s=settings.window_size_ms / 1000,
        retention_s=settings.retention_ms / 1000,
    )
    log = setup.directory / f"{name}.log"
    with faust_worker("bench.stock_app", told.to_environment(), log, setup.cores.worker) as worker:
        first, last = _watch(worker, share)
    return Row(
        f"Stock Faust .tumbling(), {store} store",
        last["clicks"] - first["clicks"],
        last["at_s"] - first["at_s"],
        last["cpu_s"] - first["cpu_s"],
        "none",
        last["peak_bytes"],
    )


def _watch(worker: FaustWorker, share: Share) -> tuple[Any, Any]:
    """Its reports from the first click on, and at the end."""
    wait_for(lambda: bool(_reports(worker)), "The first click", _START_SECONDS, _POLL_SECONDS)

    def enough() -> bool:
        reports = _reports(worker)
        first, last = reports[0], reports[-1]
        return bool(last["clicks"] >= share.clicks or last["at_s"] - first["at_s"] >= share.seconds)

    wait_for(enough, "The share's end", 2 * share.seconds, _POLL_SECONDS)
    reports = _reports(worker)
    return reports[0], reports[-1] | {"peak_bytes": worker.sample().peak_bytes}


def _reports(worker: FaustWorker) -> list[Any]:
    worker.sample()
    reports = [json.loads(line.removeprefix(MARK)) for line in worker.said(MARK)]
    return [report for report in reports if report["clicks"]]
