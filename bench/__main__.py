"""``python -m bench``: everything side by side, on the same topic and broker."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.document import document
from bench.peers.registry import all_peers
from bench.run import running
from bench.subject import Subject, measure_all
from bench.subjects import all_subjects
from bench.table import markdown, show

_CLICKS = 1_000_000
_USERS = 50_000
_ROUNDS = 3


def main() -> None:
    """Run everything; exit code 1 if anything failed or counted wrong, never for a time."""
    options = _options()
    subjects = _chosen(options.only, options.leave_out)
    for peer in all_peers():
        if peer.name in {subject.name for subject in subjects}:
            peer.prepare()
    filled = any(subject.counts for subject in subjects)
    with running(options.clicks, options.users, options.cores, filled=filled) as place:
        results = measure_all(subjects, place.rounds(options.rounds))
    found = document(place.machine, options.clicks, options.users, options.rounds, results)
    if options.json:
        options.json.write_bytes(found.json())
    if options.markdown:
        print(markdown(found), end="")
    else:
        show(found)
    sys.exit(any(result.faults for result in results))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--clicks", type=int, default=_CLICKS, help=f"to count [{_CLICKS:,}]")
    parser.add_argument("--users", type=int, default=_USERS, help=f"they are of [{_USERS:,}]")
    parser.add_argument("--rounds", type=int, default=_ROUNDS, help=f"of everything [{_ROUNDS}]")
    parser.add_argument("--only", type=_names, metavar="NAME,...", help="measure these only")
    parser.add_argument(
        "--leave-out", type=_names, metavar="NAME,...", help="measure all but these"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there too")
    parser.add_argument("--markdown", action="store_true", help="print Markdown")
    parser.add_argument(
        "--cores",
        choices=("one", "all"),
        default="one",
        help="what is measured runs on one core, Kafka on the others; or all on all [one]",
    )
    return parser.parse_args()


def _names(text: str) -> list[str]:
    known = [subject.name for subject in all_subjects()]
    names = text.split(",")
    if unknown := [name for name in names if name not in known]:
        raise argparse.ArgumentTypeError(f"{unknown[0]} is none of: {', '.join(known)}")
    return names


def _chosen(only: Sequence[str] | None, leave_out: Sequence[str] | None) -> list[Subject]:
    subjects = all_subjects()
    wanted = only or [subject.name for subject in subjects]
    return [s for s in subjects if s.name in wanted and s.name not in (leave_out or ())]


if __name__ == "__main__":
    main()
