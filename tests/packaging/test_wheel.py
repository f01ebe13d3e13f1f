"""The wheel holds our packages whole and nothing else, and its flat names are nobody else's."""

from __future__ import annotations

import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

from tests.packaging.project import ROOT, included, pyproject


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The names of the files in a wheel that is built anew."""
    directory = tmp_path_factory.mktemp("wheel")
    (built,) = WheelBuilder(str(ROOT)).build(directory=str(directory), versions=["standard"])
    with zipfile.ZipFile(built) as archive:
        return set(archive.namelist())


def sources() -> set[str]:
    """The files that belong to the packages."""
    found: set[Path] = set()
    for name in included():
        path = ROOT / name
        found |= {path} if path.is_file() else set(path.rglob("*"))
    return {
        path.relative_to(ROOT).as_posix()
        for path in found
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_wheel_holds_our_packages_and_nothing_else(wheel: set[str]) -> None:
    assert {name for name in wheel if ".dist-info/" not in name} == sources()


def test_wheel_holds_the_migrations(wheel: set[str]) -> None:
    assert "db/migrations/env.py" in wheel
    assert any(name.startswith("db/migrations/versions/v0001") for name in wheel)


def test_wheel_tells_its_licence_and_its_command(wheel: set[str]) -> None:
    name, version = (pyproject()["project"][key] for key in ("name", "version"))
    about = f"{name}-{version}.dist-info"

    assert {f"{about}/licenses/LICENSE", f"{about}/entry_points.txt"} <= wheel


def test_every_package_of_ours_is_in_the_wheel() -> None:
    here = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"bench", "drills", "tests"}
    modules = {path.name for path in ROOT.glob("*.py")}

    assert here | modules == set(included())


def test_our_top_level_names_are_nobody_elses() -> None:
    owners = packages_distributions()
    ours = {Path(name).stem for name in included()}

    assert {name: owners[name] for name in ours if set(owners.get(name, [])) - {"keepdate"}} == {}
