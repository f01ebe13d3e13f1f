"""What the documentation says is what the code says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dev.docs import PAGES, SECTIONS, sections_of, written_anew
from domain.booking.table import TABLE, printed
from tests.packaging.project import ROOT, commands, included

README = (ROOT / "README.md").read_text(encoding="utf-8")
ALL_PAGES = sorted({*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")})


def links() -> list[tuple[Path, str]]:
    """Every link from a page to another file of ours."""
    return [
        (page, target)
        for page in ALL_PAGES
        for target in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8"))
        if "://" not in target
    ]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_generated_parts_are_what_the_code_prints(path: Path) -> None:
    page = path.read_text(encoding="utf-8")

    assert page == written_anew(page), "run `make docs`"


def test_every_generated_part_is_on_one_page() -> None:
    found = [name for path in PAGES for name in sections_of(path.read_text(encoding="utf-8"))]

    assert sorted(found) == sorted(SECTIONS)


def test_readme_shows_every_transition() -> None:
    assert printed() in README
    assert README.count("\n| ") >= len(TABLE)


def test_part_that_was_changed_by_hand_is_noticed() -> None:
    changed = README.replace("| clock |", "| nobody |", 1)

    assert changed != README
    assert written_anew(changed) == README


def test_commands_that_the_pages_name_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    pages = "\n".join(path.read_text(encoding="utf-8") for path in ALL_PAGES)

    assert set(re.findall(r"\bkeepdate ([a-z]+(?:-[a-z]+)*)\b", _code(pages))) <= commands()
    assert set(re.findall(r"\bmake ([a-z]+)\b", _code(pages))) <= targets


def test_layout_names_everything_that_the_wheel_holds() -> None:
    named = {name.rstrip("/") for name in re.findall(r"^\| `([^`]+)` \|", README, re.MULTILINE)}

    assert set(included()) <= named
    assert all((ROOT / name).exists() for name in named if not name.startswith("-"))


@pytest.mark.parametrize(("page", "target"), links())
def test_links_lead_somewhere(page: Path, target: str) -> None:
    assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = [int(path.name[:4]) for path in sorted((ROOT / "docs" / "adr").glob("*.md"))]

    assert numbers == list(range(1, len(numbers) + 1))


def _code(text: str) -> str:
    """What stands in code blocks and code spans."""
    return "\n".join(re.findall(r"```.*?```|`[^`\n]+`", text, re.DOTALL))
