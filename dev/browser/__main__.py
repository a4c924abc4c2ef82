"""`python -m dev.browser`: say which Chromium the tests of the dashboard use.

With `--prepare`, install Debian's where there is none, if that can be done.
"""

import argparse
import sys

from dev.browser.chromium import BrowserError, find, prepare


def main() -> None:
    """Print the path; an error is one message and exit code 1."""
    parser = argparse.ArgumentParser(prog="python -m dev.browser", description=__doc__)
    parser.add_argument("--prepare", action="store_true", help="install it where it can be")
    try:
        print(prepare() if parser.parse_args().prepare else find())
    except BrowserError as error:
        sys.exit(f"clickstream: {error}")


if __name__ == "__main__":
    main()
