"""The numbers of a policy in words."""

from __future__ import annotations

from datetime import timedelta

from domain.instants import in_words


def number_in_words(value: object) -> str:
    """One number of a policy, as people read it: `5 days`, `yes`, `none`."""
    match value:
        case bool():
            return "yes" if value else "no"
        case timedelta():
            return in_words(value)
        case tuple():
            return " and ".join(number_in_words(item) for item in value)
        case None:
            return "none"
        case _:
            return f"{value}"
