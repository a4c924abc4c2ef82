"""Laws of taking snapshots: what a worker writes where, and how all of them are asked."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
from aiohttp import web

from agents.spec import Envelope
from app.answers import Misasked, Unavailable, json_answer
from app.reading import Reading
from app.settings import Settings
from app.snapshots import asking, taking
from app.snapshots.asking import Asker
from app.snapshots.taking import Taken, Taker, Unwritable, directory_of
from dev.kafka.ports import free_port
from models.errors import SnapshotError
from models.ledger import Ledger
from tables.snapshot import Manifest, Snapshot, keep, newest
from tables.store import STATE_KEY, PartitionStore
from tests.agents.fakes import in_loop
from tests.app.fake_engine import FakeEngine, FakeTask

TABLE, CHANGELOG = "click-counts", "clickstream-click-counts-changelog"


class FakeApp:
    """An application, as far as a snapshot looks at it."""

    settings = Settings()
    peers = type("Peers", (), {"me": "http://worker-1:6066"})


def store_at(path: Path) -> PartitionStore:
    """A store with one row, whose stage has read 40 records."""
    store = PartitionStore(path / "store" / "3")
    envelope = Envelope("mine", {"enriched-clicks": 40}, Ledger(), msgspec.Raw(b"{}"))
    store.write({b"w": b"1", STATE_KEY: msgspec.json.encode(envelope)}, 9)
    return store


async def take(taker: Taker, store: PartitionStore, directory: Path) -> Taken:
    """Take a snapshot of a store whose task is at work."""
    task = FakeTask(store)
    reading = Reading(cast("Any", FakeEngine(task)), cast("Any", task))
    return await taker.take(reading, TABLE, directory)


def taker() -> Taker:
    """One of a worker."""
    return Taker(cast("Any", FakeApp()))


@in_loop
async def test_what_was_taken_is_told_and_there(tmp_path: Path) -> None:
    """Under the changelog's name; what stood beside the store is gone."""
    store = store_at(tmp_path)
    taken = await take(taker(), store, tmp_path / "snapshots")
    snapshot = newest(tmp_path / "snapshots", CHANGELOG, 3)
    assert snapshot is not None
    assert (str(snapshot.path), 9, {"enriched-clicks": 40}, "http://worker-1:6066") == (
        taken.path,
        taken.offset,
        taken.positions,
        taken.worker,
    )
    assert snapshot.manifest.bytes == taken.bytes > 0
    assert 0 < taken.stood_seconds <= taken.seconds
    assert ["3"] == [path.name for path in store.path.parent.iterdir()]
    store.close()


@in_loop
async def test_of_a_partition_that_holds_nothing_there_is_nothing_to_take(tmp_path: Path) -> None:
    """No snapshot, and no error: nothing was committed yet."""
    store = PartitionStore(tmp_path / "store" / "3")
    taken = await take(taker(), store, tmp_path)
    assert (None, None, {}, 0) == (taken.path, taken.offset, taken.positions, taken.bytes)
    assert None is newest(tmp_path, CHANGELOG, 3)
    store.close()


@in_loop
async def test_one_snapshot_of_a_partition_is_taken_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second is asked to come again; it would delete the files of the first."""
    store, one = store_at(tmp_path), taker()
    first = asyncio.create_task(take(one, store, tmp_path / "snapshots"))
    await asyncio.sleep(0)
    with pytest.raises(Unavailable, match="is being taken: ask again"):
        await take(one, store, tmp_path / "snapshots")
    await first
    again = await take(one, store, tmp_path / "snapshots")
    assert 9 == again.offset
    store.close()


@in_loop
async def test_a_directory_that_cannot_be_written_is_an_error_with_a_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing stays beside the store."""
    store = store_at(tmp_path)
    (tmp_path / CHANGELOG).write_text("in the way")
    with pytest.raises(Unwritable, match=r"must be writable.*Mend that"):
        await take(taker(), store, tmp_path)
    assert ["3"] == [path.name for path in store.path.parent.iterdir()]
    store.close()


@in_loop
async def test_a_partition_that_has_moved_is_not_taken(tmp_path: Path) -> None:
    """Its rows are another worker's."""
    store = store_at(tmp_path)
    reading = Reading(cast("Any", FakeEngine()), cast("Any", FakeTask(store)))
    with pytest.raises(Unavailable, match="nobody answers for 3"):
        await taker().take(reading, TABLE, tmp_path)
    store.close()


@in_loop
async def test_a_partition_that_comes_back_meanwhile_is_asked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Opening its store deletes what stands beside it: the directory is not to blame."""
    store = store_at(tmp_path)

    def reopened(directory: Path, files: Path, manifest: Manifest) -> Snapshot:
        store.close()
        PartitionStore(store.path).close()
        return keep(directory, files, manifest)

    monkeypatch.setattr(taking, "keep", reopened)
    with pytest.raises(Unavailable, match="nobody answers for 3"):
        await take(taker(), store, tmp_path / "snapshots")
    assert None is newest(tmp_path / "snapshots", CHANGELOG, 3)


@pytest.mark.parametrize(
    "named",
    ["relative", "", "{path}/missing", "/\0", f"/{'x' * 5000}", "{path}/file", "{path}", "/"],
    ids=["relative", "none", "missing", "NUL", "long", "a file", "with other things", "the root"],
)
def test_a_snapshot_goes_nowhere_else_than_to_a_directory_of_snapshots(
    tmp_path: Path, named: str
) -> None:
    """Who may ask for one may not write anywhere."""
    (tmp_path / "file").write_text("")
    with pytest.raises(Misasked, match="A snapshot goes to a directory that is there"):
        directory_of(named.format(path=tmp_path))


def test_a_directory_of_snapshots_takes_more_of_them(tmp_path: Path) -> None:
    """Of other applications too, and on a disk of its own."""
    for name in (CHANGELOG, "other-join-state-changelog", "lost+found"):
        (tmp_path / name).mkdir()
    assert tmp_path == directory_of(str(tmp_path))


Answer = Callable[[str, int], web.Response]


@asynccontextmanager
async def worker(answer: Answer) -> AsyncIterator[str]:
    """A worker that answers for each path, the first time it is asked for and later."""
    times: dict[str, int] = {}

    async def view(request: web.Request) -> web.Response:
        path = request.path
        times[path] = times.get(path, 0) + 1
        return answer(path, times[path])

    app = web.Application()
    app.router.add_post("/{any:.*}", view)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def done(path: str, times: int) -> web.Response:
    """It was taken."""
    _, _, table, partition = path.split("/")
    return json_answer(Taken(table=table, partition=int(partition), worker="w", path="/x"))


async def ask(url: str) -> list[Taken]:
    """Have all partitions taken."""
    return await Asker(Settings(), url, "/snapshots").ask()


@in_loop
async def test_every_partition_of_every_table_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One that moves, again."""
    monkeypatch.setattr(asking, "_RETRY_SECONDS", 0.01)

    def moving_once(path: str, times: int) -> web.Response:
        if times == 1 and path.endswith("/3"):
            return json_answer({"error": "moving"}, Unavailable.status)
        return done(path, times)

    async with worker(moving_once) as url:
        taken = await ask(url)
    assert [("click-counts", p) for p in range(8)] + [("join-state", p) for p in range(8)] == [
        (one.table, one.partition) for one in taken
    ]


@in_loop
async def test_partitions_that_could_not_be_taken_are_named_with_the_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Those without an owner, after some patience, and those whose owner refuses at once."""
    monkeypatch.setattr(asking, "_PATIENCE_SECONDS", 0.2)
    monkeypatch.setattr(asking, "_RETRY_SECONDS", 0.05)

    def refusing(path: str, times: int) -> web.Response:
        if path == "/snapshot/click-counts/3":
            return json_answer({"error": "nobody answers for 3."}, Unavailable.status)
        if path == "/snapshot/join-state/7":
            assert 1 == times
            return json_answer({"error": "no room."}, taking.Unwritable.status)
        return done(path, times)

    async with worker(refusing) as url:
        with pytest.raises(SnapshotError) as raised:
            await ask(url)
    assert [
        "Every partition must be taken; 2 of 16 were not.",
        "click-counts 3: nobody answers for 3.",
        "join-state 7: no room.",
    ] == str(raised.value).splitlines()


@in_loop
async def test_a_reason_is_told_once_for_all_partitions_that_it_is_of() -> None:
    """There may be a thousand of them."""

    def refusing(path: str, times: int) -> web.Response:
        return json_answer({"error": "no room."}, taking.Unwritable.status)

    async with worker(refusing) as url:
        with pytest.raises(SnapshotError) as raised:
            await ask(url)
    _, reason = str(raised.value).splitlines()
    every = [f"{table} {p}" for table in ("click-counts", "join-state") for p in range(8)]
    assert f"{', '.join(every)}: no room." == reason


@pytest.mark.parametrize("url", ["ftp://worker", "127.0.0.1:6066", ""])
def test_an_address_that_is_none_is_an_error_with_the_rule(url: str) -> None:
    """Before anybody is asked."""
    with pytest.raises(SnapshotError, match=r"--url is http://host:port; got .* Correct it\."):
        Asker(Settings(), url, "/snapshots")


def test_a_directory_whose_name_is_no_text_is_an_error_with_a_remedy() -> None:
    """Its bytes would be left out on the way to a worker, which may have another of that name."""
    with pytest.raises(SnapshotError, match=r"is told .* as text; got .* Name another\."):
        Asker(Settings(), "http://127.0.0.1:1", "/snapshots-\udcff")


@in_loop
async def test_where_no_worker_answers_that_is_said() -> None:
    """And how another is named."""
    with pytest.raises(SnapshotError, match=r"No worker answers at .*, or give --url\."):
        await ask(f"http://127.0.0.1:{free_port()}")
