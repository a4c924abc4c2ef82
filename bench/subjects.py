"""All subjects, in the order of the table."""

import asyncio
from functools import partial

from bench import counting, pipeline, restoring, stock, verifying
from bench.cores import widened
from bench.peers.registry import all_peers
from bench.report import Row
from bench.subject import Round, Subject, of_peer

_ONCE = "exactly once"
_DEFAULTS = "All settings are the defaults"


def all_subjects() -> list[Subject]:
    """Every subject."""
    return [*_ours(), *map(of_peer, all_peers()), *_stock(), *_pipelines(), *_beside()]


def _ours() -> list[Subject]:
    return [
        Subject(
            "counting",
            "clickstream, counting stage",
            _ONCE,
            f"{_DEFAULTS}, but CLICKSTREAM_RANKINGS=none: peers rank nothing.",
            partial(_counting, rankings="none"),
            ours=True,
        ),
        Subject(
            "counting-ranked",
            "clickstream, counting stage with rankings",
            _ONCE,
            f"{_DEFAULTS}: a thousand products and pages are ranked too.",
            partial(_counting, rankings="products,pages"),
            ours=True,
        ),
    ]


def _stock() -> list[Subject]:
    return [
        Subject(
            f"stock-{store}",
            f"Faust 0.15.3 .tumbling(), {store}",
            "none",
            f"Faust's defaults; it counts a share of {stock.Share().clicks:,} clicks, unchecked.",
            partial(_stock_share, store=store),
        )
        for store in ("rocksdb", "memory")
    ]


def _pipelines() -> list[Subject]:
    return [
        Subject(
            "pipeline",
            "clickstream, whole pipeline, one worker",
            _ONCE,
            f"{_DEFAULTS}; raw clicks and 2.5 % purchases in, all outputs checked.",
            partial(_pipeline, workers=1),
            ours=True,
            counts=False,
        ),
        Subject(
            "pipeline-two",
            "clickstream, whole pipeline, two workers",
            _ONCE,
            f"{_DEFAULTS}; a core each, which Kafka uses too: on two cores it has none of its own.",
            partial(_pipeline, workers=2),
            ours=True,
            counts=False,
        ),
    ]


def _beside() -> list[Subject]:
    return [
        Subject(
            "restore",
            "clickstream, restoring the table (changelog records)",
            "complete",
            "From the changelog that the counting stage wrote into empty RocksDB.",
            _restore,
            ours=True,
        ),
        Subject(
            "verify",
            "clickstream, verify (records compared)",
            "independent recount",
            "`faust -A app verify` after a run of all stages.",
            _verify,
            ours=True,
            counts=False,
        ),
    ]


def _counting(round_: Round, rankings: str) -> Row:
    run = round_.run("users" if rankings == "none" else "counting", rankings)
    row = asyncio.run(counting.measure(run))
    round_.counted.add(run.name)
    return row


def _pipeline(round_: Round, workers: int) -> Row:
    setup, name = round_.setup, f"pipeline-{workers}-{round_.number}"
    clicks = round_.clicks.unread()
    if workers == 1:
        return asyncio.run(pipeline.measure(setup, name, clicks, [setup.cores.worker]))
    with widened(setup.cores):
        return asyncio.run(pipeline.measure(setup, name, clicks, setup.cores.each(workers)))


def _stock_share(round_: Round, store: str) -> Row:
    return stock.measure(round_.setup, store, stock.Share(), round_.number)


def _restore(round_: Round) -> Row:
    run = round_.run("users")
    if run.name not in round_.counted:
        _counting(round_, "none")
    return restoring.measure(run)


def _verify(round_: Round) -> Row:
    return verifying.measure(round_.setup, round_.clicks.count, round_.number)
