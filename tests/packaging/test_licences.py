"""A package under a licence that is not allowed is noticed."""

from __future__ import annotations

import pytest

from dev.licences import Package, is_allowed, packages, troubles


def test_everything_that_is_locked_may_be_used() -> None:
    found = packages()

    assert troubles(found) == []
    assert {"temporalio", "psycopg"} <= {package.name for package in found if package.ships}
    assert not any(package.ships for package in found if package.name == "pytest")


@pytest.mark.parametrize(
    ("licence", "allowed"),
    [
        ("MIT", True),
        ("MIT AND PSF-2.0", True),
        ("GPL-3.0-only OR MIT", True),
        ("GPL-3.0-only", False),
        ("MIT AND GPL-3.0-only", False),
        ("UNKNOWN", False),
        ("not known", False),
    ],
)
def test_of_alternatives_one_has_to_be_allowed_and_of_conditions_all(
    licence: str, allowed: bool
) -> None:
    assert is_allowed(licence) is allowed


def test_what_is_not_allowed_is_named() -> None:
    added = Package(name="readline", version="8", ships=True, licence="GPL-3.0-or-later")

    (told, *_) = troubles([added])

    assert told.startswith("readline is under GPL-3.0-or-later")
