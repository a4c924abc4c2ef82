"""Laws of a store on a disk that is full, or fails."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from models.errors import StoreError
from tables.store import PartitionStore


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """A disk on which no file grows beyond so many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def write_many(store: PartitionStore) -> None:
    """Twenty megabytes: more than memory keeps back."""
    for offset in range(2_000):
        store.write({b"r%d" % offset: os.urandom(10_000)}, offset)


def test_a_full_disk_is_an_error_and_loses_nothing_that_was_written(tmp_path: Path) -> None:
    """What did not reach the disk is not there at all; with space again the store goes on."""
    store = PartitionStore(tmp_path)
    store.write({b"r": b"first"}, 0)
    store.close()
    full = PartitionStore(tmp_path)
    with files_of_at_most(100_000):
        remedy = r"File too large\. Free space, or set CLICKSTREAM_DATA_DIR\. Nothing is lost"
        with pytest.raises(StoreError, match=remedy):
            write_many(full)
        full.close()
    again = PartitionStore(tmp_path)
    assert (0, [(b"r", b"first")]) == (again.offset, again.scan(b"r", b"s"))
    again.write({b"r": b"more"}, 1)
    again.close()


def test_a_disk_that_is_full_at_the_start_deletes_nothing(tmp_path: Path) -> None:
    """It may be full of other things: the store waits for space."""
    store = PartitionStore(tmp_path)
    store.write({b"r": os.urandom(50_000)}, 7)
    store.close()
    with files_of_at_most(10), pytest.raises(StoreError, match="Free space"):
        PartitionStore(tmp_path)
    again = PartitionStore(tmp_path)
    assert 7 == again.offset
    again.close()


def filled(path: Path) -> PartitionStore:
    """A store whose rows are in files of several blocks."""
    store = PartitionStore(path)
    store.write({b"r%05d" % n: os.urandom(100) for n in range(1_000)}, 7)
    store.close()
    return PartitionStore(path)


def spoilt(path: Path, files: str, at: int) -> None:
    """Change a file in the middle, as a failing disk would."""
    for file in path.glob(files):
        old = file.read_bytes()
        file.write_bytes(old[:at] + b"spoilt" + old[at + 6 :])


@pytest.mark.parametrize("files", ["MANIFEST*", "CURRENT", "*.sst"])
@pytest.mark.parametrize("how", ["cut", "deleted", "changed"])
def test_a_store_whose_files_are_damaged_begins_anew(tmp_path: Path, files: str, how: str) -> None:
    """The changelog has it all, and nobody has to delete the directory by hand."""
    filled(tmp_path).close()
    for file in [] if how == "changed" else tmp_path.glob(files):
        os.truncate(file, 10) if how == "cut" else file.unlink()
    if how == "changed":
        spoilt(tmp_path, files, -100 if files == "*.sst" else 4)
    store = PartitionStore(tmp_path)
    assert (None, []) == (store.offset, store.scan(b"r", b"s"))
    store.write({b"r": b"1"}, 0)
    store.close()


def test_a_scan_that_meets_a_damaged_block_is_an_error_and_the_next_start_begins_anew(
    tmp_path: Path,
) -> None:
    """Not the rows before it, as if there were no more."""
    filled(tmp_path).close()
    spoilt(tmp_path, "*.sst", 60_000)
    store = PartitionStore(tmp_path)
    with pytest.raises(StoreError, match="the worker's next start builds the store anew"):
        store.scan(b"r", b"s")
    store.close()
    again = PartitionStore(tmp_path)
    assert (None, []) == (again.offset, again.scan(b"r", b"s"))
    again.close()


def test_a_value_in_a_damaged_block_is_an_error(tmp_path: Path) -> None:
    """Not a row that is missing."""
    filled(tmp_path).close()
    spoilt(tmp_path, "*.sst", 60_000)
    store = PartitionStore(tmp_path)
    with pytest.raises(StoreError, match="must be whole"):
        store.get_many([b"r%05d" % n for n in range(1_000)])
    store.close()
