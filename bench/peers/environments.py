"""Peers' environments: made on demand under ``.bench/``, and kept until what they need changes."""

import fcntl
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dev.kafka.jars import ROOT

#: Where they are.
ENVIRONMENTS = ROOT / ".bench"

_STAMP = ".made-of"


def made(name: str, sources: list[Path], make: Callable[[Path], None]) -> Path:
    """A peer's directory, made first where it is missing or was made of other sources.

    Args:
        name: Of the directory under ``.bench/``.
        sources: Files it is made of: a change makes it anew.
        make: Fills the empty directory; what it raises leaves the directory unstamped.
    """
    directory = ENVIRONMENTS / name
    digest = _digest(sources)
    ENVIRONMENTS.mkdir(exist_ok=True)
    with _locked(ENVIRONMENTS / f"{name}.lock"):
        stamp = directory / _STAMP
        if not stamp.exists() or stamp.read_text() != digest:
            print(f"Making {directory.relative_to(ROOT)} (once) ...", file=sys.stderr, flush=True)
            shutil.rmtree(directory, ignore_errors=True)
            directory.mkdir()
            make(directory)
            stamp.write_text(digest)
    return directory


def python_environment(name: str) -> Path:
    """The python of the virtual environment of ``bench/peers/<name>/requirements.txt``."""
    requirements = ROOT / "bench" / "peers" / name / "requirements.txt"
    return made(name, [requirements], lambda path: _make_python(path, requirements)) / "bin/python"


def _make_python(directory: Path, requirements: Path) -> None:
    run([sys.executable, "-m", "venv", str(directory)])
    pip = [str(directory / "bin/python"), "-m", "pip", "--disable-pip-version-check", "--quiet"]
    run([*pip, "install", "-r", str(requirements)])


def run(command: list[str]) -> None:
    """Run a command that makes something; its output goes to standard error."""
    subprocess.run(command, cwd=ROOT, check=True, stdin=subprocess.DEVNULL, stdout=sys.stderr)


def _digest(sources: list[Path]) -> str:
    return hashlib.sha256(b"\0".join(source.read_bytes() for source in sources)).hexdigest()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Two runs at once make it once."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
