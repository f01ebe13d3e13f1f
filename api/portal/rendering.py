"""Turning what a page knows into HTML. Everything is escaped; nothing that is missing is passed by.

A template knows, besides what its page gives it, what `render` gives to all: `viewer` (None before
signing in), `zone`, `now`, `tab`, `tabs`, `counts`, `flashes`, `outcome` and the rest; and the
functions and filters that are defined here.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup
from starlette.responses import HTMLResponse, RedirectResponse

from api.portal import live, times
from api.portal.act import TAKEN, Outcome
from api.portal.forms import COMMAND_FIELD, CSRF_FIELD, ZONE_FIELD, Form
from api.portal.links import linkify
from api.portal.navigation import TABS
from api.portal.paths import STATIC
from api.portal.session import Flash, Viewer, flash, form_secret, take_flashes
from api.portal.written import MAX_ADDRESS
from api.portal.zones import UNKNOWN_ZONE
from api.services import clock
from db.ids import new_id
from notices.times import clock_time, in_minutes

_HERE = Path(__file__).parent
STATIC_DIRECTORY = _HERE / "static"


@dataclass(frozen=True, kw_only=True)
class Said:
    """What somebody wrote into a form that has to be shown again, and what is wrong with it."""

    values: Form | None = None
    errors: dict[str, str] = field(default_factory=dict)

    def value(self, name: str, otherwise: object = "") -> str:
        """What was written into a field; else what it holds anyway."""
        if self.values is not None and name in self.values:
            self.values.shown_again.add(name)
            return self.values[name]
        return "" if otherwise is None else str(otherwise)

    def error(self, name: str) -> str:
        """What is wrong with a field, or with one of several of its name; empty if nothing is."""
        inner = (told for at, told in self.errors.items() if at.startswith(f"{name}."))
        return self.errors.get(name) or next(inner, "")


NOTHING_SAID = Said()


def render(
    request: Request,
    viewer: Viewer | None,
    template: str,
    *,
    tab: str = "",
    status: int = 200,
    outcome: Outcome | None = None,
    form: Form | None = None,
    counts: dict[str, int] | None = None,
    **known: Any,
) -> HTMLResponse:
    """A page, as the viewer sees it.

    `tab` is the name of the tab that it belongs to; `counts` are numbers to show at tabs, by name.
    With an `outcome` that was refused the page says so at its top and has the status of the
    refusal; with the `form` that was sent, that form shows what was written, and what is wrong.
    Where the page has that form no longer, what was written stands at its top.
    """
    if outcome is not None and not outcome.accepted:
        status = outcome.status
    page = _environment().get_template(template)
    return HTMLResponse(
        page.render(
            request=request,
            viewer=viewer,
            zone=viewer.zone if viewer else UNKNOWN_ZONE,
            now=clock(),
            tab=tab,
            tabs=TABS[viewer.role] if viewer else (),
            counts=counts or {},
            flashes=() if live.is_refresh(request) else take_flashes(request),
            live_path=live.PATH,
            live_place=live.place_of(request),
            outcome=outcome,
            sent_form=form,
            **known,
        ),
        status,
    )


def redirect(
    request: Request, path: str, *, done: str = "", taken: bool = False
) -> RedirectResponse:
    """Sends somebody on to a page, where they are told what was done, if anything was."""
    if done:
        flash(request, Flash(kind="taken" if taken else "done", text=done))
    return RedirectResponse(path, 303)


def follow(request: Request, outcome: Outcome, path: str, *, done: str) -> RedirectResponse:
    """Sends somebody on after what was accepted: to be told that it is done, or taken for later."""
    return redirect(request, path, done=TAKEN if outcome.taken else done, taken=outcome.taken)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
        "csrf": _csrf,
        "once": _once,
        "said": _said,
        "not_shown_again": _not_shown_again,
        "asset": asset,
        "with_query": _with_query,
        "max_address": MAX_ADDRESS,
        "zone_field": ZONE_FIELD,
    }
    environment.filters |= {
        "when": _when,
        "at": _at,
        "clock": _clock,
        "in_zone": _in_zone,
        "ago": _ago,
        "linkify": linkify,
        "initials": _initials,
        "in_minutes": in_minutes,
    }
    return environment


@cache
def asset(name: str) -> str:
    """The address of a file of `static/`, which changes with its content."""
    content = (STATIC_DIRECTORY / name).read_bytes()
    return f"{STATIC}/{name}?v={hashlib.sha256(content).hexdigest()[:12]}"


@pass_context
def _csrf(context: Context) -> Markup:
    """`{{ csrf() }}`: what shows that a form comes from a page of this session."""
    return _hidden(CSRF_FIELD, form_secret(context["request"]))


def _once() -> Markup:
    """`{{ once() }}`: what a form is known by, so that sent twice it is carried out once."""
    return _hidden(COMMAND_FIELD, new_id())


def _hidden(name: str, value: str) -> Markup:
    return Markup('<input type="hidden" name="{}" value="{}">').format(name, value)


@pass_context
def _said(context: Context, action: str) -> Said:
    """`said(action)`: what to show in the form of this action, if it is the one that was sent."""
    form, outcome = context["sent_form"], context["outcome"]
    if form is None or form.path != action or (outcome is not None and outcome.accepted):
        return NOTHING_SAID
    return Said(values=form, errors=outcome.errors if outcome else {})


@pass_context
def _not_shown_again(context: Context) -> list[str]:
    """What was written into a form that the page, as it was rendered so far, does not hold."""
    form: Form | None = context["sent_form"]
    if form is None:
        return []
    return [text for name, text in form.written.items() if name not in form.shown_again]


@pass_context
def _when(context: Context, instant: datetime | str) -> Markup:
    """`Tue 24 Nov, 10:00 (in 2 days)`, in the viewer's zone."""
    found, zone, now = _read(context, instant)
    shown = f"{times.short(found, zone, now)} ({times.relative(found, zone, now)})"
    return times.time_element(found, shown, zone)


@pass_context
def _at(context: Context, instant: datetime | str) -> Markup:
    """`Tue 24 Nov, 10:00`, in the viewer's zone."""
    found, zone, now = _read(context, instant)
    return times.time_element(found, times.short(found, zone, now), zone)


@pass_context
def _clock(context: Context, instant: datetime | str) -> Markup:
    """`10:00`, in the viewer's zone."""
    found, zone, _ = _read(context, instant)
    return times.time_element(found, clock_time(found.astimezone(zone)), zone)


@pass_context
def _ago(context: Context, instant: datetime | str) -> Markup:
    """`2 days ago`, `in 3 hours`."""
    found, zone, now = _read(context, instant)
    return times.time_element(found, times.relative(found, zone, now), zone)


@pass_context
def _in_zone(context: Context, instant: datetime | str, zone: ZoneInfo) -> Markup:
    """`Tue 24 Nov, 04:00 in America/New_York`: another person's zone, which is always named."""
    found, _, now = _read(context, instant)
    shown = f"{times.short(found, zone, now)} in {zone.key.replace('_', ' ')}"
    return times.time_element(found, shown, zone)


def _read(context: Context, instant: datetime | str) -> tuple[datetime, ZoneInfo, datetime]:
    return times.as_instant(instant), context["zone"], context["now"]


def _initials(name: str) -> str:
    """One or two letters that stand for a name; empty for one that has none."""
    words = re.findall(r"[^\W_]+", name)
    chosen = words[:1] + words[1:][-1:]
    return "".join(word[0] for word in chosen).upper()


@pass_context
def _with_query(context: Context, **changes: object) -> str:
    """The address of this page with some of its query changed; None leaves a part out."""
    request: Request = context["request"]
    query = {**request.query_params, **changes}
    kept = {name: value for name, value in query.items() if value not in (None, "")}
    return f"{request.url.path}?{urlencode(kept)}" if kept else request.url.path
