"""Addresses in what people write become links; everything else stays the text that it is."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

_ADDRESS = re.compile(r"\bhttps?://[^\s<>\"'`\\^{|}]+", re.IGNORECASE)
_AFTERWARDS = ".,:;!?*_~"
_LINK = Markup('<a href="{0}" rel="noopener nofollow ugc" target="_blank">{0}</a>')


def linkify(text: str) -> Markup:
    """Plain text as HTML, in which only http and https addresses can be followed."""
    parts: list[Markup] = []
    end = 0
    for found in _ADDRESS.finditer(text):
        address = _without_what_follows(found.group())
        parts += [escape(text[end : found.start()]), _LINK.format(address)]
        end = found.start() + len(address)
    parts.append(escape(text[end:]))
    return Markup("").join(parts)


def _without_what_follows(address: str) -> str:
    """The address without the punctuation of the sentence that it stands in.

    A bracket is the sentence's own if the address closes more than it opens. They are counted once:
    to count them anew for each that is left out, of a message full of them, takes long.
    """
    end = len(address)
    surplus = {")": _surplus(address, "()"), "]": _surplus(address, "[]")}
    while True:
        last = address[end - 1]
        if last not in _AFTERWARDS and (last not in surplus or max(surplus.values()) <= 0):
            return address[:end]
        end -= 1
        if last in surplus:
            surplus[last] -= 1


def _surplus(address: str, brackets: str) -> int:
    return address.count(brackets[1]) - address.count(brackets[0])
