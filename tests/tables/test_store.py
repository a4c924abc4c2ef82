"""Laws of a partition's store on disk."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from models.errors import StoreError
from tables.store import STATE_KEY, PartitionStore
from tables.tombstones import TOMBSTONES_KEPT_MS

ROOT = Path(__file__).parents[2]


def test_a_new_store_is_empty(tmp_path: Path) -> None:
    """It has no offset: its changelog is read from the start."""
    store = PartitionStore(tmp_path / "new" / "0")
    assert (None, None, [], [None]) == (
        store.offset,
        store.state(),
        store.scan(b"", b"\xff"),
        store.get_many([b"a"]),
    )
    assert not store.may_lack_tombstones
    store.close()


def test_rows_state_and_offset_survive_a_reopening(tmp_path: Path) -> None:
    """All of what one write brought."""
    store = PartitionStore(tmp_path)
    store.write({b"a": b"1", b"b": b"2", STATE_KEY: b"{}"}, 7)
    store.write({b"a": None, b"c": b"3"}, 11)
    store.close()
    again = PartitionStore(tmp_path)
    assert [(b"b", b"2"), (b"c", b"3")] == again.scan(b"a", b"z")
    assert (11, b"{}") == (again.offset, again.state())
    again.close()


def test_values_come_in_the_order_of_their_keys_asked_for(tmp_path: Path) -> None:
    """With None where there is no row; no keys, no values."""
    store = PartitionStore(tmp_path)
    store.write({b"a": b"1", b"b": b""}, 0)
    assert [b"", None, b"1", b""] == list(store.get_many([b"b", b"x", b"a", b"b"]))
    assert [] == list(store.get_many([]))
    store.close()


def test_a_scan_has_its_lower_bound_and_not_its_upper_one(tmp_path: Path) -> None:
    """A window's prefix and the next one's bound it exactly."""
    store = PartitionStore(tmp_path)
    store.write({key: key for key in (b"a", b"b", b"b\0", b"c", b"d")}, 0)
    assert [b"b", b"b\0"] == [key for key, _ in store.scan(b"b", b"c")]
    assert [] == store.scan(b"b", b"b")
    assert [b"d"] == [key for key, _ in store.scan(b"c\0", b"\xff")]
    store.close()


def test_a_scan_gives_the_first_rows_up_to_its_limit(tmp_path: Path) -> None:
    """In key order, as bytes compare."""
    store = PartitionStore(tmp_path)
    store.write({n.to_bytes(2, "big"): b"" for n in range(1_000)}, 0)
    assert [256, 257] == [
        int.from_bytes(key, "big") for key, _ in store.scan(b"\1\0", b"\2\0", limit=2)
    ]
    store.close()


def test_a_limited_scan_keeps_no_lock(tmp_path: Path) -> None:
    """A live iterator would keep the directory locked after closing."""
    store = PartitionStore(tmp_path)
    store.write({b"%d" % n: b"" for n in range(100)}, 0)
    rows = store.scan(b"", b"\xff", limit=1)
    store.close()
    PartitionStore(tmp_path).close()
    assert 1 == len(rows)


def test_closing_releases_the_lock_at_once(tmp_path: Path) -> None:
    """Though somebody still refers to the store; before it, opening again is an error."""
    store = PartitionStore(tmp_path)
    with pytest.raises(StoreError, match=r"LOCK.*Set CLICKSTREAM_DATA_DIR: each worker needs"):
        PartitionStore(tmp_path)
    store.close()
    again = PartitionStore(tmp_path)
    again.close()
    assert store.path == again.path


def test_reset_leaves_an_empty_store(tmp_path: Path) -> None:
    """The same object, without rows and offset, and nothing comes back."""
    store = PartitionStore(tmp_path)
    store.write({b"a": b"1", STATE_KEY: b"{}"}, 7)
    store.reset()
    assert (None, None, []) == (store.offset, store.state(), store.scan(b"a", b"z"))
    store.write({b"b": b"2"}, 1)
    store.close()
    again = PartitionStore(tmp_path)
    assert ([(b"b", b"2")], 1) == (again.scan(b"a", b"z"), again.offset)
    again.close()


def test_a_store_that_was_away_for_about_a_day_may_lack_tombstones(tmp_path: Path) -> None:
    """By the time of its last write, that survives a reopening; an hour is left for reading.

    What was written in the future was written by a clock that was wrong, or is now.
    """
    store = PartitionStore(tmp_path)
    store.write({b"a": b"1"}, 0)
    written_ms = store.written_ms
    store.close()
    again = PartitionStore(tmp_path)
    assert written_ms == again.written_ms
    half_ms = TOMBSTONES_KEPT_MS // 2
    for away_ms, lacks in ((half_ms, False), (TOMBSTONES_KEPT_MS, True), (-half_ms, True)):
        again.written_ms = written_ms - away_ms
        assert lacks == again.may_lack_tombstones
    again.close()


_WRITER = """
import sys
from pathlib import Path
from tables import store as stores

stores._MEMTABLE_BYTES = 65_536
store = stores.PartitionStore(Path(sys.argv[1]))
begin = 0 if store.offset is None else store.offset + 1
begun = False
for offset in range(begin, 10**9):
    changes = {b"count": b"%d" % offset, b"r%d" % (offset % 1_000): b"%d" % offset}
    store.write(changes, offset)
    files = offset % 100 == 0 and store._db.property_int_value("rocksdb.total-sst-files-size")
    if files and not begun:
        print("writing", flush=True)
        begun = True
"""


def test_a_kill_leaves_all_changes_up_to_the_offset_and_none_beyond(tmp_path: Path) -> None:
    """Kill -9 in the middle of writes, again and again: rows and offset stay together.

    What was in memory only is lost, so that the offset is an earlier one.
    """
    for kill in range(4):
        with subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(tmp_path)],
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
        ) as process:
            assert process.stdout is not None
            assert b"writing\n" == process.stdout.readline()
            time.sleep(0.02 * kill)
            process.send_signal(signal.SIGKILL)
        store = PartitionStore(tmp_path)
        offset = store.offset
        assert offset is not None
        assert [b"%d" % offset] == list(store.get_many([b"count"]))
        expected = {b"r%d" % (n % 1_000): b"%d" % n for n in range(offset + 1)}
        assert expected == dict(store.scan(b"r", b"s"))
        store.close()


def test_what_was_in_memory_only_is_lost_together_with_its_offset(tmp_path: Path) -> None:
    """The store is as it was when its memory was last written out: the changelog has the rest."""
    store = PartitionStore(tmp_path / "live")
    store.write({b"a": b"1", b"b": b"1", STATE_KEY: b"1"}, 5)
    store._db.flush()
    store.write({b"a": b"2", b"b": None, b"c": b"2", STATE_KEY: b"2"}, 9)
    shutil.copytree(store.path, tmp_path / "crashed")
    crashed = PartitionStore(tmp_path / "crashed")
    assert [(b"a", b"1"), (b"b", b"1")] == crashed.scan(b"a", b"z")
    assert (5, b"1") == (crashed.offset, crashed.state())
    crashed.close()
    store.close()


_DYING = """
import os, sys
from pathlib import Path
from tables.store import PartitionStore

class Dying:
    def __init__(self, db):
        self.db = db

    def __getattr__(self, name):
        def call(*args, **kwargs):
            getattr(self.db, name)(*args, **kwargs)
            self.db.flush()
            os.kill(os.getpid(), 9)
        return call

store = PartitionStore(Path(sys.argv[1]))
store.write({b"a": b"1", b"b": b"1"}, 5)
store._db = Dying(store._db)
store.write({b"a": b"2", b"b": None, b"c": b"2"}, 9)
"""


def test_rows_and_offset_are_one_call_to_rocksdb(tmp_path: Path) -> None:
    """A process that dies when the first call of a write has reached the disk has done all."""
    done = subprocess.run(
        [sys.executable, "-c", _DYING, str(tmp_path)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert -signal.SIGKILL == done.returncode
    store = PartitionStore(tmp_path)
    assert ([(b"a", b"2"), (b"c", b"2")], 9) == (store.scan(b"a", b"z"), store.offset)
    store.close()


def test_an_unwritable_directory_is_an_error(tmp_path: Path) -> None:
    """Not a store in memory."""
    (tmp_path / "file").write_text("no directory")
    with pytest.raises(StoreError, match=r"file.* Mend that, or set CLICKSTREAM_DATA_DIR"):
        PartitionStore(tmp_path / "file")
