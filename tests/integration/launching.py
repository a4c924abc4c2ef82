"""Starting ``faust -A app`` fast: processes of their own, forked from one that is prepared."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import IO, Any

_ROOT = Path(__file__).parents[2]
_STARTED_S = 60.0


class Launched:
    """A process that was forked, in the words of `subprocess.Popen`."""

    def __init__(self, arguments: Sequence[str], pid: int, pipe: int) -> None:
        """Watch a process whose exit code comes out of a pipe."""
        self.args = arguments
        self.pid = pid
        self.returncode: int | None = None
        self._pipe = pipe

    def poll(self) -> int | None:
        """Its exit code, once it has ended; minus the number of a signal that ended it."""
        return self._look(0.0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end."""
        code = self._look(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0.0)
        return code

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def _look(self, timeout: float | None) -> int | None:
        if self.returncode is None and select.select([self._pipe], [], [], timeout)[0]:
            self.returncode = int(os.read(self._pipe, 8))
            os.close(self._pipe)
        return self.returncode


class Launcher:
    """The process that forks, and the way to ask it."""

    def __init__(self) -> None:
        """Start it; it ends with this process, or with `close`."""
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._lock = threading.Lock()
        command = [sys.executable, "-m", "tests.integration.forker", str(theirs.fileno())]
        ours = {k: v for k, v in os.environ.items() if not k.startswith("CLICKSTREAM_")}
        with theirs:
            self._process = subprocess.Popen(
                command, cwd=_ROOT, env=ours, pass_fds=[theirs.fileno()], start_new_session=True
            )

    def close(self) -> None:
        """End it; what it forked goes on."""
        self._socket.close()
        self._process.wait(_STARTED_S)

    def start(self, arguments: Sequence[str], streams: list[int], **where: Any) -> Launched:
        """Start ``faust -A app``.

        Args:
            arguments: What follows.
            streams: Descriptors of its standard input, output and error.
            where: Its env, cwd and session (whether it gets one of its own).
        """
        read, write = os.pipe()
        message = json.dumps({"arguments": ["-A", "app", *arguments], **where}).encode()
        try:
            with self._lock:
                socket.send_fds(self._socket, [message], [*streams, write])
                pid = int(self._socket.recv(32))
        finally:
            os.close(write)
        return Launched(arguments, pid, read)


@cache
def launcher() -> Launcher:
    """The one of this process."""
    return Launcher()


def start(
    arguments: Sequence[str],
    env: Mapping[str, str],
    out: IO[Any],
    error: IO[Any],
    *,
    session: bool = False,
) -> Launched:
    """Start ``faust -A app`` in the checkout, writing into two open files."""
    with open(os.devnull) as nothing:  # noqa: PTH123 a device
        streams = [nothing.fileno(), out.fileno(), error.fileno()]
        where = {"env": dict(env), "cwd": str(_ROOT), "session": session}
        return launcher().start(arguments, streams, **where)


def run(
    arguments: Sequence[str], env: Mapping[str, str], timeout_s: float
) -> subprocess.CompletedProcess[str]:
    """Run ``faust -A app`` to its end; TimeoutExpired, and its end, if it takes too long."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as error:
        process = start(arguments, env, out, error)
        try:
            code = process.wait(timeout_s)
        finally:
            process.kill()
        said = [(file.seek(0), file.read())[1] for file in (out, error)]
    return subprocess.CompletedProcess(arguments, code, *said)
