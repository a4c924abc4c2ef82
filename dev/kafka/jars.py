"""Jars: fetched by Maven once, kept in the checkout's `.kafka/`."""

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

    Args:
        root: the checkout; the jars go to its `.kafka/`.

    Raises:
        JarsError: Maven is missing, or failed.
    """
    return fetch_once(root, "Kafka's jars", POM, "jars", "dependency:copy-dependencies")


def fetch_once(root: Path, what: str, pom: Path, name: str, goal: str) -> Path:
    """Return the directory of what a pom names, fetching it first where it is missing.

    The directory is named after the hash of the pom and appears only when it is complete, so its
    presence is the stamp. Processes that need it at the same time wait for the first.

    Args:
        root: the checkout; the directory is in its `.kafka/`.
        what: what it is, for people.
        pom: names the artifacts and their versions.
        name: what the directory's name begins with.
        goal: Maven's, which puts them into `outputDirectory`.

    Raises:
        JarsError: Maven is missing, or failed.
    """
    digest = hashlib.sha256(pom.read_bytes()).hexdigest()[:_HASH_CHARS]
    place = root / ".kafka" / f"{name}-{digest}"
    if place.is_dir():
        return place
    place.parent.mkdir(parents=True, exist_ok=True)
    with _locked(place.parent / "lock"):
        if not place.is_dir():
            _fetch(what, place, pom, goal)
    return place


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock between processes on a file; the system frees it if we die."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _fetch(what: str, place: Path, pom: Path, goal: str) -> None:
    """Let Maven fill a directory beside the place, then rename it."""
    print(f"Fetching {what} with Maven (once) ...", file=sys.stderr, flush=True)
    partial = place.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    maven = shutil.which("mvn")
    if maven is None:
        raise JarsError(f"Maven fetches {what}, and there is no mvn on the PATH: install Maven")
    command = [maven, "-B", "-q", "-f", str(pom), goal, f"-DoutputDirectory={partial}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        msg = f"Maven could not fetch {what} (exit code {done.returncode}):\n{done.stdout}"
        raise JarsError(f"{msg}{done.stderr}".rstrip())
    partial.rename(place)
