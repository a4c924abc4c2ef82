"""Maven for peers: what was fetched once is not asked for again, so that it works offline."""

import subprocess
import sys
from pathlib import Path


def build(pom: Path, to: Path, *goals: str) -> None:
    """Run Maven's goals quietly.

    Args:
        pom: Tells what to build; it reads the property ``to``.
        to: Directory that takes what is built.
        goals: What to run.

    Raises:
        CalledProcessError: Maven failed, with what it needs fetched; it has said why.
    """
    command = ["mvn", "-B", "-q", "-f", str(pom), f"-Dto={to}", *goals]
    offline = subprocess.run([*command, "-o"], capture_output=True, check=False)
    if offline.returncode:
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=sys.stderr)
