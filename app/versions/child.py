"""``python -m app.versions.child PARENT worker ...``: a worker that ends when its parent does.

A replay that is killed would else leave a worker behind, and the next one find its directory taken.
"""

import ctypes
import os
import signal
import sys

from faust.cli.faust import cli

#: prctl's option on Linux: the signal that a process gets when its parent is gone.
_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Tie this process to its parent, then be Faust."""
    parent = int(sys.argv.pop(1))
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit("The replay has ended.")
    cli(["-A", "app", *sys.argv[1:]])


if __name__ == "__main__":
    main()
