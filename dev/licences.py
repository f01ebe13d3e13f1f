"""`python -m dev.licences`: whether everything that we build on may be built on.

The licences are those that the installed packages state. What is locked for some platforms alone
may not be installed here: its licence is said below, and held against the package where it is.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
RUNTIME = ROOT / "requirements" / "runtime.txt"
EVERYTHING = ROOT / "requirements" / "dev.txt"

SPDX = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}
"""What older packages call their licences."""

ALLOWED = frozenset(
    {
        "Apache-2.0",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "ISC",
        "MIT",
        "MIT-0",
        "PSF-2.0",
        # About its own files, and about a library that is loaded as it comes: not about our code.
        "LGPL-3.0-only",
        "MPL-2.0",
    }
)
"""Licences under which a package may be used, changed or not, beside code under another."""

STATED_ELSEWHERE = {
    "axe-playwright-python": "MIT",
    "cffi": "MIT-0",
    "colorama": "BSD-3-Clause",
    "httpcore2": "BSD-3-Clause",
    "httptools": "MIT",
    "httpx2-jsfetch": "BSD-3-Clause",
    "librt": "MIT",
    "psycopg-binary": "LGPL-3.0-only",
    "pycparser": "BSD-3-Clause",
    "truststore": "MIT",
    "uvloop": "Apache-2.0 AND MIT",
}
"""Of packages that are not installed everywhere, or that say it in their sources alone."""

_LOCKED = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<rest>[^\\\n]+)", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Package:
    """A locked package. `ships` says that it is part of what runs in production."""

    name: str
    version: str
    ships: bool
    licence: str


def packages() -> list[Package]:
    """Everything that is locked, with the licence it states."""
    ships = {canonicalize_name(each.name) for each in _locked(RUNTIME)}
    stated = _stated()
    return [
        Package(
            name=name,
            version=str(each.specifier).removeprefix("=="),
            ships=name in ships,
            licence=STATED_ELSEWHERE.get(name) or stated.get(name, "not known"),
        )
        for each in _locked(EVERYTHING)
        for name in [canonicalize_name(each.name)]
    ]


def troubles(found: Iterable[Package]) -> list[str]:
    """What is wrong, one line each; nothing where all is well."""
    found, stated = list(found), _stated()
    locked = {package.name for package in found}
    return [
        *(
            f"{package.name} is under {package.licence}, which dev/licences.py does not allow"
            for package in found
            if not is_allowed(package.licence)
        ),
        *(
            f"{name} states {stated[name]}, and dev/licences.py says {licence}"
            for name, licence in STATED_ELSEWHERE.items()
            if stated.get(name, licence) not in (licence, "UNKNOWN")
        ),
        *(
            f"{name} is locked no more: take it out of dev/licences.py"
            for name in STATED_ELSEWHERE
            if name not in locked
        ),
    ]


def is_allowed(licence: str) -> bool:
    """Whether one of the alternatives allows it; of licences that hold together, each has to."""
    return any(
        all(part.strip(" ()") in ALLOWED for part in alternative.split(" AND "))
        for alternative in licence.split(" OR ")
    )


def printed() -> str:
    """What ships, as the documentation lists it."""
    lines = ["| package | version | licence |", "| --- | --- | --- |"]
    lines += [
        f"| {package.name} | {package.version} | {package.licence} |"
        for package in packages()
        if package.ships
    ]
    return "\n".join(lines)


def _locked(path: Path) -> list[Requirement]:
    text = path.read_text(encoding="utf-8")
    return [Requirement(f"{found['name']}=={found['rest']}") for found in _LOCKED.finditer(text)]


@cache
def _stated() -> dict[str, str]:
    """What the installed packages state, in the words of SPDX."""
    command = [sys.executable, "-m", "piplicenses", "--format=json", "--from=mixed"]
    answer = subprocess.run(
        [*command, "--with-system"], check=True, capture_output=True, text=True
    ).stdout
    return {
        canonicalize_name(each["Name"]): " AND ".join(
            SPDX.get(part, part) for part in each["License"].split("; ")
        )
        for each in json.loads(answer)
    }


def main() -> None:
    """Says what is wrong, and fails if anything is."""
    found = packages()
    wrong = troubles(found)
    for line in wrong:
        print(line)
    if wrong:
        raise SystemExit(1)
    print(f"{len(found)} packages, each under a licence that is allowed.")


if __name__ == "__main__":
    main()
