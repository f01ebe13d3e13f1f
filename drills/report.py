"""What a drill has come to, printed."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from drills.checker.findings import Findings, Promise

_SHOWN = 10


def report(findings: Findings, promises: Collection[Promise], figures: Mapping[str, int]) -> int:
    """Prints what was found; of how many checks something is amiss.

    A promise of which nothing was there to check is amiss too: nothing is known of it.
    """
    print()
    for name, figure in figures.items():
        print(f"  {name:<50} {figure:>6}")
    for promise in sorted({*promises, *findings.checked}):
        broken = findings.broken.get(promise, [])
        print(f"  {promise:<55} {findings.checked[promise]:>6} checked {len(broken):>6} broken")
        for each in broken[:_SHOWN]:
            print(f"      {each}")
    idle = findings.idle(promises)
    for promise in idle:
        print(f"  Nothing was there to check of: {promise}")
    return sum(map(len, findings.broken.values())) + len(idle)
