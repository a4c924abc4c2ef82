"""Laws of the schema registry of one's own, as far as none has to run."""

import socket
import sys
from pathlib import Path

import pytest

from dev.kafka.errors import PortError
from dev.kafka.ports import HOST
from dev.registry import LocalRegistry
from dev.registry.__main__ import main


def test_a_taken_port_is_an_error_that_names_it(tmp_path: Path) -> None:
    """Nothing is started."""
    with socket.create_server((HOST, 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(PortError, match=rf"needs port {port} of .* listens there: .*--port"):
            LocalRegistry(tmp_path, port).start()


@pytest.mark.parametrize("port", ["0", "65536", "-1", "x"])
def test_a_port_that_is_none_is_refused(
    port: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With those that there are."""
    monkeypatch.setattr(sys, "argv", ["registry", "--port", port])
    with pytest.raises(SystemExit) as ended:
        main()
    assert 2 == ended.value.code
    assert f"a port is a number from 1 to 65535; got {port!r}" in capsys.readouterr().err
