"""How a table of who may do what is printed for docs/security.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

_HEADS = {"other_provider": "another's", "other_client": "another's", "anonymous": "nobody"}


def printed_table(what: str, answers: type[Any], rows: Mapping[str, Any]) -> str:
    """One line for each of the rows, with a cell for each column that their answers have."""
    columns = [column.name for column in fields(answers)]
    lines = [
        [what, *(_HEADS.get(column, column.replace("_", " ")) for column in columns)],
        ["---"] * (len(columns) + 1),
        *(
            [f"`{name}`", *(getattr(row.answers, column).value for column in columns)]
            for name, row in rows.items()
        ),
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
