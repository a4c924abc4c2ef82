"""`python -m dev.reference`: write docs/reference from the code.

With `--check` nothing is written: exit 1 names the pages that are not what the code gives.
"""

import argparse
import os
import sys

from dev.reference.pages import PAGES, REFERENCE, stale, write

_SETTINGS = "CLICKSTREAM_"


def main() -> None:
    """Write the pages, or check them."""
    parser = argparse.ArgumentParser(prog="python -m dev.reference", description=__doc__)
    parser.add_argument("--check", action="store_true", help="only say which pages are stale")
    check_only = parser.parse_args().check
    for name in [name for name in os.environ if name.startswith(_SETTINGS)]:
        del os.environ[name]  # a page does not depend on who makes it
    if not check_only:
        write()
        print(f"Wrote {len(PAGES)} pages to {REFERENCE}.")
    elif names := stale():
        sys.exit(
            f"docs/reference must be what the code gives; {', '.join(names)} is not. "
            "Run: python -m dev.reference"
        )


if __name__ == "__main__":
    main()
