"""Bad input through real workers: good records are counted right, each bad one is a dead letter."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import pytest

from dev.kafka import Broker
from tests.integration.batches import CODECS, RawName, Row, write, write_raw
from tests.integration.conftest import MakeCluster
from tests.integration.harness import Cluster, Event, Worker, until, values
from tests.integration.logs import new_topic
from tests.integration.recount import Rules, canonical, lacking, recount
from tests.integration.web import ask
from tests.models.fakes import Record
from tests.nasty import RECORD_MS, Fate, corpus, valid_users

DAY_MS = 86_400_000
NOON = "2024-01-01T00:01:00.000Z"
KEYS = (None, b"", b"\0", b"\xff\xfe", b"u", "ключ".encode(), b"k" * 100_000)
HEADERS: tuple[tuple[tuple[str, bytes | None], ...], ...] = (
    (),
    (("trace", b"1"), ("trace", b"2")),
    (("code", b"x"), ("message", b"\xff"), ("source", b"clicks-0-0")),
    (("", b""), ("null", None), ("имя", b"\0")),
    (("watermark", b"clicks-0"), ("idle", b"clicks-0"), ("stream-time", b"9" * 18)),
    tuple((f"h{n}", b"x") for n in range(500)),
)
#: Larger than the dead letters' topic takes; inputs take it as it is, well compressed.
_HUGE = b"x" * (8 << 20)

Place = tuple[int, int]


@dataclass
class Swallowed:
    """Two workers that have read the whole corpus, mixed with good records.

    Attributes:
        cluster: Their topics.
        workers: The two.
        fates: What must become of each record of the inputs, by topic, partition and offset.
        inputs: The records of the inputs.
        outputs: The records of the outputs.
    """

    cluster: Cluster
    workers: list[Worker]
    fates: dict[str, dict[Place, Fate]]
    inputs: dict[str, list[Any]]
    outputs: dict[str, list[Any]]


def rows(topic: str) -> list[tuple[Row, Fate]]:
    """The corpus and good records of an input, with their fates; what is latest comes last."""
    drawn = [(r.value, r.fates[topic]) for r in corpus()]
    drawn += [(_HUGE, "too_large")]
    made: list[tuple[Row, Fate]] = []
    for n, (value, fate) in enumerate(drawn):
        headers = (("n", b"%d" % n), *HEADERS[n % len(HEADERS)])
        made.append((Row(n % 4, RECORD_MS, value, KEYS[n % len(KEYS)], headers), fate))
        made.append(_good(topic, n))
    made.sort(key=lambda one: isinstance(one[1], dict) and one[1]["timestamp"] > NOON)
    return made + [_last(topic, partition) for partition in range(4)]


def _good(topic: str, n: int) -> tuple[Row, Fate]:
    """A click at the day's begin, or a purchase a second after it, of one of forty users."""
    timestamp = "2024-01-01T00:00:00.000Z" if topic == "clicks" else "2024-01-01T00:00:01.000Z"
    value = {"userId": f"good-{n % 40}", "productId": f"p{n}", "timestamp": timestamp}
    return Row(n % 4, RECORD_MS, json.dumps(value).encode()), value


def _last(topic: str, partition: int) -> tuple[Row, Fate]:
    """One so late that all windows before it close, and all purchases resolve."""
    value = {"userId": f"last-{partition}", "productId": "p", "timestamp": "2024-01-04T00:00:00Z"}
    return Row(partition, RECORD_MS + 3 * DAY_MS, json.dumps(value).encode()), value


async def fill(cluster: Cluster, topic: str) -> dict[Place, Fate]:
    """Write an input, in runs of every codec; the fates by partition and offset."""
    made = rows(topic)
    ends = [0] * 4
    fates: dict[Place, Fate] = {}
    for run, begin in enumerate(range(0, len(made), 50)):
        part = sorted(made[begin : begin + 50], key=lambda one: one[0].partition)
        for row, fate in part:
            fates[row.partition, ends[row.partition]] = fate
            ends[row.partition] += 1
        huge = any(row.value == _HUGE for row, _ in part)
        codec = "zstd" if huge else CODECS[run % len(CODECS)]
        await write(cluster.bootstrap, cluster.topic(topic), [row for row, _ in part], codec)
    return fates


@pytest.fixture(scope="module")
def swallowed(kafka: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Swallowed]:
    """Both inputs with everything in them, read to their ends."""
    settings = {"ATTRIBUTION": "last", "RETENTION": "3650d"}
    cluster = Cluster(kafka.bootstrap, tmp_path_factory.mktemp("bad"), settings)
    fates = {topic: asyncio.run(_filled(cluster, topic)) for topic in ("clicks", "purchases")}
    cluster.init_topics()
    workers = [cluster.worker(), cluster.worker()]
    try:
        inputs = cluster.read("clicks", "purchases")
        made = Swallowed(cluster, workers, fates, inputs, {})
        expected = counts(made) | {"dead-letters": bad(made)}
        cluster.until_outputs(lambda: found(made), expected, lacking)
        yield made
    finally:
        cluster.kill()


async def _filled(cluster: Cluster, topic: str) -> dict[Place, Fate]:
    # Records of 2024 must not be deleted for their age while they are read.
    limits = {"max_message_bytes": f"{4 << 20}", "retention_ms": "-1"}
    await new_topic(cluster.bootstrap, cluster.topic(topic), 4, **limits)
    return await fill(cluster, topic)


def found(swallowed: Swallowed) -> dict[str, Counter[str]]:
    """Final counts and dead letters, as they are now."""
    shorts = ("click-counts", "dead-letters", "conversion-events", "unattributed-purchases")
    swallowed.outputs = swallowed.cluster.read(*shorts, "late-events")
    counted = values(swallowed.outputs["click-counts"])
    letters = swallowed.outputs["dead-letters"]
    return {
        "click-counts": Counter(
            canonical([v["userId"], v["clickCount"], v["windowStart"], v["windowEnd"]])
            for v in counted
        ),
        "dead-letters": Counter(dict(r.headers)["source"].decode() for r in letters),
    }


def counts(swallowed: Swallowed) -> dict[str, Counter[str]]:
    """The final counts, from what each click must become."""
    clicks = [
        Record(r.topic, r.partition, r.offset, r.timestamp, r.key, _read(swallowed, "clicks", r))
        for r in swallowed.inputs["clicks"]
    ]
    last = [r for r in swallowed.inputs["purchases"] if b'"last-' in (r.value or b"")]
    return {"click-counts": recount(clicks, last, Rules())["click-counts"]}


def _read(swallowed: Swallowed, topic: str, record: Any) -> bytes:
    fate = swallowed.fates[topic][record.partition, record.offset]
    return b"" if isinstance(fate, str) else json.dumps(fate).encode()


def bad(swallowed: Swallowed) -> Counter[str]:
    """The places of all records that must be dead letters."""
    return Counter(
        f"{swallowed.cluster.topic(topic)}-{partition}-{offset}"
        for topic, fates in swallowed.fates.items()
        for (partition, offset), fate in fates.items()
        if isinstance(fate, str)
    )


def test_good_records_are_counted_right_among_bad_ones(swallowed: Swallowed) -> None:
    """Those of the corpus too, whatever their ids; and every good purchase finds its click."""
    assert counts(swallowed)["click-counts"] == found(swallowed)["click-counts"]
    texts = [record.value for record in swallowed.outputs["conversion-events"]]
    matched = [json.loads(text, parse_int=str) for text in texts]  # one has a million digits
    good = [value for value in matched if value["userId"].startswith("good-")]
    assert Counter({1: len(corpus()) + 1}) == Counter(value["timeToPurchase"] for value in good)


def test_each_bad_record_is_one_dead_letter_as_it_was_received(swallowed: Swallowed) -> None:
    """Key, value and headers; the code is that of the rule it breaks. 8 MiB are cut to one."""
    assert bad(swallowed) == found(swallowed)["dead-letters"]
    received = {
        f"{r.topic}-{r.partition}-{r.offset}": (r, swallowed.fates[topic][r.partition, r.offset])
        for topic, records in swallowed.inputs.items()
        for r in records
    }
    ours = ("code", "message", "source", "cut")
    for letter in swallowed.outputs["dead-letters"]:
        headers = dict(letter.headers)
        record, fate = received[headers["source"].decode()]
        assert (fate, record.key) == (headers["code"].decode(), letter.key)
        if record.value == _HUGE:
            assert (b"x" * (1 << 20), True) == (letter.value, "cut" in headers)
            continue
        kept = [(name, content) for name, content in record.headers if name not in ours]
        others = [(name, content) for name, content in letter.headers if name not in ours]
        assert (record.value, kept) == (letter.value, others)


def test_every_valid_id_of_the_corpus_is_found_by_any_worker(swallowed: Swallowed) -> None:
    """Percent-encoded: braces, slashes, dots, control characters, right to left, 256 bytes."""
    expected = dict.fromkeys(valid_users(), HTTPStatus.OK)
    for worker in swallowed.workers:
        for table in ("click-counts", "join-state"):
            answers = {user: ask(worker, "table", table, user) for user in expected}
            statuses = {user: answer.status for user, answer in answers.items()}
            if table == "click-counts":
                assert expected == statuses
                assert all(windows.json[0]["final"] for windows in answers.values())
            else:
                assert dict.fromkeys(expected, HTTPStatus.NOT_FOUND) == statuses


def test_workers_are_alive_and_their_books_balance(swallowed: Swallowed) -> None:
    """Neither ended, nor did a stage fail: only fenced it may be, when the other takes over."""
    for worker in swallowed.workers:
        assert worker.alive
        log = worker.log.read_text()
        assert "fault of the application" not in log
        assert log.count("gave up its transaction") == log.count("transaction (ProducerFenced")
        assert HTTPStatus.OK == ask(worker, "ledger").status


def test_header_names_that_are_not_utf_8_stop_nobody(make_cluster: MakeCluster) -> None:
    """Producers in C send any bytes; such a name is kept as far as it is text."""
    cluster = make_cluster()
    worker = cluster.worker()
    now_ms = time.time_ns() // 1_000_000
    good = json.dumps({"userId": "u", "timestamp": now_ms}).encode()
    named = [(RawName("caf\xe9"), b"1")]
    made = [Row(0, now_ms, good, headers=named), Row(0, now_ms, b"{", b"k", named)]
    asyncio.run(write_raw(cluster.bootstrap, cluster.topic("clicks"), made))
    until(lambda: bool(cluster.read("dead-letters")["dead-letters"]), "the dead letter")
    cluster.produce([Event("clicks", 0, good)])
    until(lambda: 2 == _enriched(cluster), "clicks on both sides of it")
    [letter] = cluster.read("dead-letters")["dead-letters"]
    assert ("caf\ufffd", b"1") == letter.headers[0]
    assert worker.alive


def _enriched(cluster: Cluster) -> int:
    return len(values(cluster.read("enriched-clicks")["enriched-clicks"]))
