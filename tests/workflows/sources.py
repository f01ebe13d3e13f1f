"""What runs inside workflows: a fingerprint of each of its files, kept beside the histories.

Histories can only hold code to what they were recorded with. So an edit of a file that a workflow
runs asks for recording them anew, by code that would show what the edit has changed.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("domain", "workflows")
"""Where what runs inside workflows lies. What they import of others, they only name."""

ALWAYS = ("workflows.guard", "workflows.payloads")
"""What runs around every workflow."""


def fingerprints(workflows: Iterable[type]) -> dict[str, str]:
    """The fingerprint of every file that these workflows run, by its path."""
    found: dict[str, Path] = {}
    waiting = [*ALWAYS, *(workflow.__module__ for workflow in workflows)]
    while waiting:
        name = waiting.pop()
        path = _file_of(name)
        if path is not None and name not in found:
            found[name] = path
            waiting += _imported(name, path)
    paths = sorted(path.relative_to(ROOT).as_posix() for path in found.values())
    return {path: fingerprint((ROOT / path).read_text(encoding="utf-8")) for path in paths}


def _file_of(module: str) -> Path | None:
    """The file of a module of our packages; None for what is not there, or none of ours."""
    if module.partition(".")[0] not in PACKAGES:
        return None
    path = ROOT / module.replace(".", "/")
    candidates = (path.with_suffix(".py"), path / "__init__.py")
    return next((each for each in candidates if each.is_file()), None)


def _imported(module: str, path: Path) -> Iterator[str]:
    """What a module imports, its own package included; what is no module is left aside later."""
    yield module.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module
            yield from (f"{node.module}.{each.name}" for each in node.names)


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
