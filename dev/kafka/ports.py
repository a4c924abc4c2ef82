"""Ports of this machine's loopback: which are free, and whether a broker answers on one."""

import random
import socket
import struct

from dev.kafka.errors import PortError

HOST = "127.0.0.1"
"""Where a local broker listens: this machine only."""

_LOWEST, _HIGHEST = 20_000, 32_000
"""Below the ports the system hands to outgoing connections (Linux: 32768 and up): none of those can
take a broker's port while it is down, nor can a client that keeps dialling connect to itself."""

_TRIES = 200
_METADATA, _VERSION, _CORRELATION = 3, 0, 1
_REQUEST = struct.pack(">hhihi", _METADATA, _VERSION, _CORRELATION, -1, 0)
"""A Metadata request, version 0: no client id, no topics named."""

_ANSWER = struct.Struct(">iii")
"""What its answer begins with: its length in bytes, the correlation id, the number of brokers."""


def is_free(port: int) -> bool:
    """Tell whether a server could listen on the port now."""
    with socket.socket() as server:
        # As Java does: connections of a former server that are dying don't count.
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind((HOST, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """Return a port that nothing listens on.

    Raises:
        PortError: none was found in a fair number of tries.
    """
    for _ in range(_TRIES):
        port = random.randint(_LOWEST, _HIGHEST)
        if is_free(port):
            return port
    msg = f"a broker needs a free port, and {_TRIES} between {_LOWEST} and {_HIGHEST} were taken"
    raise PortError(msg)


def answers(host: str, port: int, timeout_s: float = 1.0) -> bool:
    """Tell whether a Kafka broker answers there and knows of at least one live broker.

    Args:
        host: name or address.
        port: 1 to 65535.
        timeout_s: seconds to wait for the connection, and for each part of the answer.
    """
    try:
        with socket.create_connection((host, port), timeout=timeout_s) as connection:
            connection.sendall(struct.pack(">i", len(_REQUEST)) + _REQUEST)
            with connection.makefile("rb") as answer:
                head = answer.read(_ANSWER.size)
    except OSError:
        return False
    if len(head) < _ANSWER.size:
        return False
    _, correlation, brokers = _ANSWER.unpack(head)
    return bool(correlation == _CORRELATION and brokers > 0)
