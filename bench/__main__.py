"""`python -m bench [name …]`: measures what is named, or everything, one after the other.

`--json FILE` writes what is printed as JSON too, under the name of each benchmark.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import cost, growth, latency, lists, live, recovery, standing, storm, throughput

BENCHMARKS = {
    "lists": lists.BENCHMARK,
    "live": live.BENCHMARK,
    "standing": standing.BENCHMARK,
    "cost": cost.BENCHMARK,
    "throughput": throughput.BENCHMARK,
    "latency": latency.BENCHMARK,
    "recovery": recovery.BENCHMARK,
    "growth": growth.BENCHMARK,
    "storm": storm.BENCHMARK,
}
"""All there are, in the order in which they run."""


def main() -> None:
    """Runs the benchmarks that the command line names."""
    given = _parser().parse_args()
    unknown = set(given.names) - set(BENCHMARKS)
    if unknown:
        raise SystemExit(f"There is no benchmark {', '.join(sorted(unknown))}.")
    # Pauses of what asks would be counted as those of what answers.
    gc.collect()
    gc.freeze()
    found: dict[str, Any] = {}
    for name in given.names or BENCHMARKS:
        print(f"\n{name}: {BENCHMARKS[name].about}", flush=True)
        found[name] = BENCHMARKS[name].run(given)
        if given.json is not None:
            # After each, so that one which fails costs only itself.
            about = {"at": datetime.now(UTC).isoformat(timespec="seconds"), **_machine()}
            text = json.dumps({**about, "benchmarks": found}, indent=2)
            given.json.write_text(f"{text}\n", encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measures what is named, or everything.",
        epilog="\n".join(f"{name:<12} {each.about}" for name, each in BENCHMARKS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="name", help="see below")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write the results")
    for name, each in BENCHMARKS.items():
        each.add_options(parser.add_argument_group(name))
    return parser


def _machine() -> dict[str, Any]:
    return {
        "cpus": os.cpu_count(),
        "machine": platform.platform(),
        "python": platform.python_version(),
    }


if __name__ == "__main__":
    main()
