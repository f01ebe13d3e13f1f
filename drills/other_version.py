"""`python -m drills.other_version`: a worker of another release, whose decisions are the same.

A release that gives other commands needs Worker Versioning, which has a test of its own.
"""

from __future__ import annotations

import sys

from drills.seams import RELEASE


def main() -> None:
    """Serves under another build's name."""
    RELEASE.put(lambda: "another")
    sys.argv = [sys.argv[0], "worker"]
    from cli import main as command  # noqa: PLC0415

    command()


if __name__ == "__main__":
    main()
