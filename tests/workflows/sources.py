"""What runs inside workflows: a fingerprint of each of its files, kept beside the histories.

Histories can only hold code to what they were recorded with. So an edit of a file that a workflow
runs asks for recording them anew, by code that would show what the edit has changed.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("domain", "workflows")
OUTSIDE = frozenset({"workflows/encryption.py"})
"""What lies among them and runs outside of every workflow, where nothing is replayed."""


def fingerprints() -> dict[str, str]:
    """The fingerprint of every file, by its path."""
    paths = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
    names = {path.relative_to(ROOT).as_posix(): path for path in paths}
    return {
        name: fingerprint(path.read_text(encoding="utf-8"))
        for name, path in names.items()
        if name not in OUTSIDE
    }


def fingerprint(source: str) -> str:
    """The same for all that does the same: comments, docstrings and layout do not count."""
    said = "\n".join(_said(ast.parse(source)))
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def _said(node: ast.AST) -> Iterator[str]:
    # Not by `ast.dump`, whose form differs from one Python to the next: what is empty is left out.
    yield f"{type(node).__name__}("
    for name, value in ast.iter_fields(node):
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, ast.AST):
                if not _is_remark(part):
                    yield f"{name}="
                    yield from _said(part)
            elif part is not None:
                yield f"{name}={part!r}"
    yield ")"


def _is_remark(node: ast.AST) -> bool:
    """Whether it is a docstring, or another text that stands alone and does nothing."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
