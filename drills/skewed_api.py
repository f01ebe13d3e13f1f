"""`python -m drills.skewed_api SECONDS`: the API, with a clock so many seconds ahead."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta

from drills.seams import CLOCK


def main() -> None:
    """Serves with another clock."""
    ahead = timedelta(seconds=float(sys.argv[1]))

    def clock() -> datetime:
        return datetime.now(UTC) + ahead

    # Before anything that reads the clock has taken it from there.
    CLOCK.put(clock)
    sys.argv = [sys.argv[0], "api"]
    from cli import main as command  # noqa: PLC0415

    command()


if __name__ == "__main__":
    main()
