"""E-mail addresses: which of them mail can be sent to without a doubt."""

from __future__ import annotations

import re

MAX_ADDRESS = 254
_LOCAL = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"(?=.{{1,64}}@){_LOCAL}@{_LABEL}(?:\.{_LABEL})+", re.ASCII)


def is_address(text: str) -> bool:
    """Whether this is one plain address, `ada@example.org`, and nothing besides.

    In ASCII, as every mail server takes it; without names, comments and quotes, of which one line
    could become two headers.
    """
    return len(text) <= MAX_ADDRESS and _ADDRESS.fullmatch(text) is not None
