"""What Faust has for this by itself: a windowed table, ``faust -A bench.stock_app worker``.

Everything is Faust's default but the store, which is asked for, and the leader's topic, which
nothing here needs. It reports on standard output how many clicks it has counted, and its processor
seconds.
"""

import json
import os
import time
from datetime import datetime
from typing import Any

import faust

from bench.stock_settings import MARK, StockSettings

_settings = StockSettings.from_environment(os.environ)
_REPORT_SECONDS = 0.25


class Click(faust.Record, isodates=True):
    """What counting needs of an enriched click."""

    userId: str  # noqa: N815 the field's name in the record
    timestamp: datetime


app = faust.App(
    _settings.app_id,
    broker=f"kafka://{_settings.bootstrap}",
    store=_settings.store,
    datadir=_settings.data_dir,
    topic_partitions=_settings.partitions,
    topic_disable_leader=True,
    consumer_auto_offset_reset="earliest",
)
_clicks = app.topic(_settings.topic, key_type=str, value_type=Click, allow_empty=True)
_counts: Any = (
    app.Table("counts", default=int, partitions=_settings.partitions)
    .tumbling(_settings.window_s, expires=_settings.retention_s)
    .relative_to_field(Click.timestamp)  # type: ignore[arg-type]  # a descriptor in the class
)
_counted = 0


@app.agent(_clicks)
async def count(clicks: Any) -> None:
    """Count the clicks of each user in each window."""
    global _counted  # noqa: PLW0603 the report's timer reads it
    async for click in clicks:
        if click is not None:
            _counts[click.userId] += 1
            _counted += 1


@app.timer(_REPORT_SECONDS)  # type: ignore[untyped-decorator]  # Faust is
async def report() -> None:
    """Say how far it is."""
    fields = {"clicks": _counted, "at_s": time.monotonic(), "cpu_s": time.process_time()}
    print(MARK + json.dumps(fields), flush=True)
