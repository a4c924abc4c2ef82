"""A process that has imported the application and forks: its children are ``faust -A app ...``.

To start Python and import everything costs a second of CPU, and these tests start hundreds. Each
child gets its own environment, directory, arguments and standard streams before the settings are
read and the application is made; it then runs Faust's command line as ``python -m faust`` does.
"""

import importlib
import json
import os
import runpy
import select
import signal
import socket
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

_APP = Path(__file__).parents[2] / "app"
#: Bytes that a request may have, and how many descriptors come with it.
_REQUEST_BYTES, _DESCRIPTORS = 1 << 20, 4


def main() -> None:
    """Serve the socket whose descriptor is given until it is closed; in a child: run."""
    server = socket.socket(fileno=int(sys.argv[1]))
    _preload()
    request = _serve(server)
    if request is not None:
        server.detach()  # its descriptor will be another file's
        _become(request)
        runpy.run_module("faust.__main__", run_name="__main__", alter_sys=True)


def _preload() -> None:
    """Import all but ``app`` itself, which reads the settings: a bare package stands in for it."""
    bare = ModuleType("app")
    bare.__path__ = [str(_APP)]
    sys.modules["app"] = bare
    for name in ("faust.cli.faust", "app.bootstrap"):
        importlib.import_module(name)
    del sys.modules["app"]


def _serve(server: socket.socket) -> dict[str, Any] | None:
    """Fork for each request, and write each child's exit code into its pipe.

    Returns:
        In a child its request; else None.
    """
    pipes: dict[int, tuple[int, int]] = {}
    while True:
        ready, _, _ = select.select([server.fileno(), *pipes], [], [])
        for pidfd in (fd for fd in ready if fd in pipes):
            pid, pipe = pipes.pop(pidfd)
            _, status = os.waitpid(pid, 0)
            os.write(pipe, str(os.waitstatus_to_exitcode(status)).encode())
            os.close(pipe)
            os.close(pidfd)
        if server.fileno() not in ready:
            continue
        data, streams, _, _ = socket.recv_fds(server, _REQUEST_BYTES, _DESCRIPTORS)
        if not data:
            return None
        pid = os.fork()
        if not pid:
            return {**json.loads(data), "streams": streams[:3]}
        for stream in streams[:3]:
            os.close(stream)
        pipes[os.pidfd_open(pid)] = (pid, streams[3])
        server.send(str(pid).encode())


def _become(request: dict[str, Any]) -> None:
    """Take the place of the process that was asked for."""
    if request["session"]:
        os.setsid()
    for stream, number in zip(request["streams"], (0, 1, 2), strict=True):
        os.dup2(stream, number)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 as at the start of Python
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115 as above
    sys.stderr = open(2, "w", 1, errors="backslashreplace", closefd=False)  # noqa: SIM115 as above
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(request["env"])
    os.chdir(request["cwd"])
    sys.argv = ["faust", *request["arguments"]]


if __name__ == "__main__":
    main()
