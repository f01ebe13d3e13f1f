"""What is wrong with a field of a form, said to people."""

from __future__ import annotations

import re

_TOO_LONG = re.compile(r"String should have at most (\d+) characters?")
_EMPTY = re.compile(r"String should have at least 1 character")
_OTHERWISE = re.compile(r"(String|Input|Value|Datetime|List|Tuple) should .*")


def for_people(message: str) -> str:
    """What follows the name of a field; programs are told in the words of whatever reads it."""
    if too_long := _TOO_LONG.fullmatch(message):
        return f"can have {int(too_long[1]):,} characters"
    if _EMPTY.fullmatch(message):
        return "has to be given"
    return _OTHERWISE.sub("cannot be read as it was meant", message)
