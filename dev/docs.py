"""`python -m dev.docs`: writes the parts of the documentation that the code knows better.

Each lies between two markers, `<!-- generated: NAME -->` and `<!-- end of NAME -->`.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from pydantic.fields import FieldInfo

from config import Settings
from config_files import is_secret, variable_of
from dev import licences
from domain.booking.table import printed
from domain.policy import DEFAULT_POLICY, Policy
from domain.policy_words import number_in_words
from domain.refusal import MEANINGS
from tests.api import permissions
from tests.portal import permissions as pages
from workflows.saved_queries import SAVED_QUERIES

ROOT = Path(__file__).resolve().parent.parent
PAGES = (
    ROOT / "README.md",
    ROOT / "docs" / "reference.md",
    ROOT / "docs" / "licences.md",
    ROOT / "docs" / "security.md",
    ROOT / "docs" / "temporal-ui.md",
)

_MARKED = re.compile(
    r"(<!-- generated: (?P<name>\S+) -->\n).*?(<!-- end of (?P=name) -->)", re.DOTALL
)


def transitions() -> str:
    """Every legal move of a booking."""
    return printed()


def refusals() -> str:
    """Every code that a command can be refused with."""
    return _table(("code", "meaning"), [(f"`{code}`", text) for code, text in MEANINGS.items()])


def policy() -> str:
    """Every number of the default policy."""
    meanings = _docstrings(Policy)
    rows = [
        (f"`{name}`", number_in_words(getattr(DEFAULT_POLICY, name)), meaning)
        for name, meaning in meanings.items()
    ]
    return _table(("number", "default", "meaning"), rows)


def configuration() -> str:
    """Every setting."""
    rows = [
        (_variable(name, field), _default(field), field.description or "")
        for name, field in Settings.model_fields.items()
    ]
    return _table(("variable", "default", "meaning"), rows)


def saved_queries() -> str:
    """Every filter that operators save in the Temporal UI."""
    return "\n\n".join(
        f"### {query.name.capitalize()}\n\n{query.finds}\n\n```sql\n{query.text}\n```"
        for query in SAVED_QUERIES
    )


SECTIONS: dict[str, Callable[[], str]] = {
    "transitions": transitions,
    "refusals": refusals,
    "policy": policy,
    "configuration": configuration,
    "permissions": permissions.printed,
    "pages": pages.printed,
    "licences": licences.printed,
    "saved-queries": saved_queries,
}


def written_anew(page: str) -> str:
    """A page with its generated parts as the code prints them now."""
    return _MARKED.sub(lambda found: f"{found[1]}{SECTIONS[found['name']]()}\n{found[3]}", page)


def sections_of(page: str) -> list[str]:
    """Which generated parts a page has."""
    return [found["name"] for found in _MARKED.finditer(page)]


def main() -> None:
    """Writes every page anew."""
    for path in PAGES:
        page = path.read_text(encoding="utf-8")
        path.write_text(written_anew(page), encoding="utf-8")


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(' '.join(cell.split()) for cell in line)} |" for line in lines)


def _docstrings(of: type) -> dict[str, str]:
    """The string below each field of a class, which Python itself does not keep."""
    (parsed,) = ast.parse(inspect.getsource(of)).body
    if not isinstance(parsed, ast.ClassDef):
        raise TypeError(of)
    found: dict[str, str] = {}
    for field, below in zip(parsed.body, parsed.body[1:], strict=False):
        match field, below:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                found[name] = text
    return found


def _variable(name: str, field: FieldInfo) -> str:
    variable = variable_of(Settings, name)
    return f"`{variable}` or `{variable}_FILE`" if is_secret(field) else f"`{variable}`"


def _default(field: FieldInfo) -> str:
    if field.default is None:
        return "not set"
    return f"`{field.default}`" if field.repr else "not shown"


if __name__ == "__main__":
    main()
