"""`python -m dev.schemas`: refuses schemas that were changed as they must not be.

With `--publish` it adds new versions to the register; they can't be edited from then on.
"""

import argparse
import sys

from dev.kafka.jars import ROOT
from dev.schemas.published import Folder, SchemaChangeError


def main() -> None:
    """Check, or publish; exit 1 with a line for each fault."""
    parser = argparse.ArgumentParser(prog="python -m dev.schemas", description=__doc__)
    parser.add_argument("--publish", action="store_true", help="register what is new")
    folder = Folder(ROOT / "app" / "schemas")
    try:
        if parser.parse_args().publish:
            print(*folder.publish() or ["Nothing is new."], sep="\n")
        folder.check()
    except SchemaChangeError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
