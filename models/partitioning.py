"""Partition of a key, as the Java client computes it.

Source: Apache Kafka, ``org.apache.kafka.common.utils.Utils.murmur2`` and
``BuiltInPartitioner.partitionForKey``: ``(murmur2(key) & 0x7fffffff) % partitions``.
"""

from functools import lru_cache
from struct import unpack_from

_SEED = 0x9747B28C
_MIX = 0x5BD1E995
_MASK = 0xFFFFFFFF


def murmur2(data: bytes) -> int:
    """MurmurHash2 (32 bits, Kafka's seed) of the bytes, as an unsigned integer."""
    length = len(data)
    words = length >> 2
    hashed = _SEED ^ length
    for word in unpack_from(f"<{words}I", data):
        mixed = word * _MIX & _MASK
        hashed = hashed * _MIX & _MASK ^ (mixed ^ mixed >> 24) * _MIX & _MASK
    if tail := data[words << 2 :]:
        hashed = (hashed ^ int.from_bytes(tail, "little")) * _MIX & _MASK
    hashed = (hashed ^ hashed >> 13) * _MIX & _MASK
    return hashed ^ hashed >> 15


@lru_cache(maxsize=1 << 18)
def partition_of(key: bytes, partitions: int) -> int:
    """The partition (0 .. partitions - 1) that a key's records go to."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions
