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
    """The address without the punctuation of the sentence that it stands in."""
    while True:
        if address[-1] in _AFTERWARDS or (address[-1] in ")]" and not _balanced(address)):
            address = address[:-1]
        else:
            return address


def _balanced(address: str) -> bool:
    return address.count("(") >= address.count(")") and address.count("[") >= address.count("]")
