"""`python -m dev.drills`: run the drills; it leaves nothing behind, however it ends."""

import signal
import sys
from importlib import import_module


def main() -> int:
    """Run the drills and return its exit code."""
    # Imports take a second. Until something listens to Ctrl-C there is nothing to clean up, and
    # nothing to say.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    interrupt = import_module("dev.demo.interrupt").Interrupt()
    interrupt.listen()
    try:
        code = import_module("dev.drills.command").run(interrupt)
    except KeyboardInterrupt:
        return int(interrupt.exit_code)
    return int(interrupt.exit_code or code)


if __name__ == "__main__":
    sys.exit(main())
