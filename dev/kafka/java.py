"""Java programs as child processes."""

import os
import shutil
import subprocess
from pathlib import Path

from dev.kafka.errors import KafkaError

Process = subprocess.Popen[bytes]


def java() -> str:
    """Return the path of the java command, JAVA_HOME's first.

    Raises:
        KafkaError: there is none.
    """
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=f"{home}/bin") if home else None
    found = found or shutil.which("java")
    if found is None:
        msg = "Kafka runs on Java 17 or newer, and there is no java on the PATH: install a JDK"
        raise KafkaError(msg)
    return found


def spawn(command: list[str], log: Path) -> Process:
    """Run a command in a session of its own: the terminal's Ctrl-C reaches only its parent.

    Args:
        command: what to run, in the directory of the log.
        log: what it prints is added to it.
    """
    with log.open("ab") as file:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            cwd=log.parent,
            start_new_session=True,
        )


def end(process: Process, timeout_s: float) -> None:
    """End a process in an orderly way, and kill it if that takes longer than `timeout_s`."""
    process.terminate()
    try:
        process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        pass
    finally:
        process.kill()
        process.wait()
