"""Laws of the partition of a key."""

import pytest
from aiokafka.partitioner import murmur2 as murmur2_of_aiokafka
from hypothesis import given
from hypothesis import strategies as st

from models.partitioning import murmur2, partition_of


@pytest.mark.parametrize(
    ("key", "hashed"),
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_a_key_hashes_as_the_java_client_does(key: bytes, hashed: int) -> None:
    """The vectors of Apache Kafka's own UtilsTest.testMurmur2."""
    assert hashed & 0xFFFFFFFF == murmur2(key)


@given(st.binary(max_size=300), st.integers(1, 1000))
def test_every_key_goes_where_another_client_sends_it(key: bytes, partitions: int) -> None:
    """The partitioner of aiokafka is the Java client's, too."""
    expected = (murmur2_of_aiokafka(key) & 0x7FFFFFFF) % partitions
    assert expected == partition_of(key, partitions)


def test_the_empty_key_has_a_partition() -> None:
    """A length of zero is no special case."""
    assert partition_of(b"", 8) in range(8)
