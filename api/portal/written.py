"""Text that somebody has to write, checked where the message can still be one for people."""

from __future__ import annotations

import re

from pydantic import TypeAdapter

from api.addresses import leads_somewhere
from api.gateway import HttpUrl
from api.portal.forms import Form
from domain.policy import MAX_TEXT
from domain.refusal import FieldError

MAX_ADDRESS: int = TypeAdapter(HttpUrl).json_schema()["maxLength"]
"""So long may an address be that somebody is to open."""

_WEB = ("http://", "https://")
_OF_AN_ADDRESS = re.compile(r"[!-~]*")


def some_text(form: Form, name: str) -> str:
    """What was written into a field that must not be left empty; else an error of the form."""
    given = any_text(form, name)
    if not given:
        form.errors.append(FieldError(field=name, message="has to be given"))
    return given


def any_text(form: Form, name: str) -> str:
    """What was written into a field; what is too long, or no text, becomes an error of the form."""
    given = form.text(name)
    if given:
        form.written[name] = given
    _at_most(form, name, given, MAX_TEXT)
    if "\0" in given:
        form.errors.append(FieldError(field=name, message="holds a character that is none"))
    return given


def web_address(form: Form, name: str) -> str:
    """The address of a page; what no browser could open becomes an error of the form."""
    given = form.text(name)
    if given:
        form.written[name] = given
    told = ""
    if given and not given.startswith(_WEB):
        told = "has to begin with https:// or http://"
    elif not _OF_AN_ADDRESS.fullmatch(given):
        told = "holds a space, or another character that is none of an address"
    elif given and not leads_somewhere(given):
        told = "is no address that a browser can open"
    if told:
        form.errors.append(FieldError(field=name, message=told))
    _at_most(form, name, given, MAX_ADDRESS)
    return given


def _at_most(form: Form, name: str, given: str, most: int) -> None:
    if len(given) > most:
        told = f"can have {most:,} characters, and has {len(given):,}"
        form.errors.append(FieldError(field=name, message=told))
