"""Text that somebody has to write, checked where the message can still be one for people."""

from __future__ import annotations

from api.portal.forms import Form
from domain.policy import MAX_TEXT
from domain.refusal import FieldError


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
    if len(given) > MAX_TEXT:
        told = f"can have {MAX_TEXT:,} characters, and has {len(given):,}"
        form.errors.append(FieldError(field=name, message=told))
    if "\0" in given:
        form.errors.append(FieldError(field=name, message="holds a character that is none"))
    return given
