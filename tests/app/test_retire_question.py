"""The question of `retire`, and those who do not answer it."""

import signal
import subprocess
import sys

import pytest

_ASK = """
import asyncio
from app.commands.console import Interrupt
from app.commands.retire import _agreed
async def ask():
    interrupt = Interrupt()
    interrupt.listen()
    return _agreed("v2", interrupt)
print(asyncio.run(ask()))
"""


def asked(answer: bytes) -> subprocess.CompletedProcess[bytes]:
    """Ask somebody who gives this answer."""
    command = [sys.executable, "-c", _ASK]
    return subprocess.run(command, input=answer, capture_output=True, check=False)


@pytest.mark.parametrize(("answer", "said"), [(b"y\n", "True"), (b"n\n", "False")])
def test_an_answer_is_taken(answer: bytes, said: str) -> None:
    """Yes or no."""
    done = asked(answer)
    assert (0, True) == (done.returncode, done.stdout.decode().strip().endswith(said))


def test_nobody_to_answer_is_not_yes() -> None:
    """Nor a success: a script without a terminal would take it for done."""
    done = asked(b"")
    assert (1, True) == (done.returncode, b"Somebody must say that v2 may go" in done.stderr)


def test_ctrl_c_is_an_answer() -> None:
    """It is heard while the question stands there, and nothing is deleted."""
    asking = subprocess.Popen(
        [sys.executable, "-c", _ASK],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert asking.stdout is not None
    assert b"Delete" == asking.stdout.read(6)
    asking.send_signal(signal.SIGINT)
    _, error = asking.communicate(timeout=20)
    assert (1, True) == (asking.returncode, b"Nothing was deleted." in error)
