"""Up to five starts of a session, each in a field of its own: a local date and time of the viewer.

Each error stands at the field that it is about, in words for whoever filled it in.
"""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from api.portal.forms import Form
from domain.policy import HORIZON, MAX_STARTS
from domain.refusal import FieldError

FIELDS = tuple(f"start_{number}" for number in range(1, MAX_STARTS + 1))

_PAST = "lies in the past"
_TOO_FAR = "lies more than two years ahead"
_TWICE = "is the same as another one"
_NONE = "has to be given"


def read_starts(form: Form, zone: ZoneInfo, now: datetime) -> list[str]:
    """The starts that were filled in, as RFC 3339 in UTC; what is wrong becomes an error."""
    found: list[str] = []
    for name in FIELDS:
        start = form.instant(name, zone)
        if start is None:
            continue
        wrong = _wrong(datetime.fromisoformat(start), now) or (_TWICE if start in found else "")
        if wrong:
            form.errors.append(FieldError(field=name, message=wrong))
        found.append(start)
    if not found and not form.errors:
        form.errors.append(FieldError(field=FIELDS[0], message=_NONE))
    return found


def _wrong(start: datetime, now: datetime) -> str:
    if start <= now:
        return _PAST
    return _TOO_FAR if start > now + HORIZON else ""


def earliest(zone: ZoneInfo, now: datetime) -> str:
    """What a field of a local date and time takes at least."""
    return f"{now.astimezone(zone):%Y-%m-%dT%H:%M}"


def local_value(instant: datetime, zone: ZoneInfo) -> str | None:
    """An instant as a field of a local date and time holds it; None if it would be another one."""
    local = instant.astimezone(zone).replace(tzinfo=None)
    readings = {local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)}
    if local.microsecond or readings != {instant.astimezone(UTC)}:
        return None
    return local.isoformat(timespec="seconds" if local.second else "minutes")
