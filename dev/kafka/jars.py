"""Kafka's jars: fetched by Maven once, kept in the checkout's `.kafka/`."""

import fcntl
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dev.kafka.errors import JarsError

ROOT = Path(__file__).resolve().parents[2]
"""The checkout."""

POM = Path(__file__).with_name("pom.xml")
"""Names the jars and their versions."""

_HASH_CHARS = 12


def ensure_jars(root: Path = ROOT) -> Path:
    """Return the directory of Kafka's jars, fetching them first where they are missing.

    The directory is named after the hash of the pom and appears only when it is complete, so its
    presence is the stamp. Processes that need it at the same time wait for the first.

    Args:
        root: the checkout; the jars go to its `.kafka/`.

    Raises:
        JarsError: Maven is missing, or failed.
    """
    digest = hashlib.sha256(POM.read_bytes()).hexdigest()[:_HASH_CHARS]
    jars = root / ".kafka" / f"jars-{digest}"
    if jars.is_dir():
        return jars
    jars.parent.mkdir(parents=True, exist_ok=True)
    with _locked(jars.parent / "lock"):
        if not jars.is_dir():
            _fetch(jars)
    return jars


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock between processes on a file; the system frees it if we die."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _fetch(jars: Path) -> None:
    """Copy the jars into a directory beside `jars`, then rename it."""
    print("Fetching Kafka's jars with Maven (once) ...", file=sys.stderr, flush=True)
    partial = jars.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    _run_maven("dependency:copy-dependencies", f"-DoutputDirectory={partial}")
    partial.rename(jars)


def _run_maven(*arguments: str) -> None:
    """Run Maven on the pom, quietly; raise JarsError with what it printed when it fails."""
    maven = shutil.which("mvn")
    if maven is None:
        msg = "Kafka's jars are fetched by Maven, and there is no mvn on the PATH: install Maven"
        raise JarsError(msg)
    command = [maven, "-B", "-q", "-f", str(POM), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        msg = f"Maven could not fetch Kafka's jars (exit code {done.returncode}):\n{done.stdout}"
        raise JarsError(f"{msg}{done.stderr}".rstrip())
