"""The list filters that operators save in the Temporal UI, kept here for the docs and the tests.

Temporal's filters know no `now()`. A filter that needs an instant names it in braces, and is filled
in when it is used; `keepdate queries` prints all of them as of this moment.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.instants import to_the_second

_BOOKING = 'WorkflowType = "Booking"'
_STANDING = 'WorkflowType = "ProviderStanding"'
# A workflow that has continued as new leaves runs behind, whose attributes are those of that day.
# That one is running does not say that its booking is open: it ends when everybody has been told.
_LIVE = 'ExecutionStatus = "Running"'


@dataclass(frozen=True, kw_only=True)
class SavedQuery:
    """One filter: its name, what it finds, and the text with `{instants}` in it."""

    name: str
    finds: str
    text: str

    def at(self, now: datetime) -> str:
        """The filter as of an instant, ready to be pasted."""
        return self.text.format(
            now=to_the_second(now),
            day_ago=to_the_second(now - timedelta(days=1)),
            week_ago=to_the_second(now - timedelta(days=7)),
            in_a_day=to_the_second(now + timedelta(days=1)),
        )


SAVED_QUERIES = (
    SavedQuery(
        name="pending past half time",
        finds="Requests that nobody has answered, of whose time more than half has passed.",
        text=f'{_BOOKING} AND {_LIVE} AND BookingState = "pending" AND HalfTime <= "{{now}}"',
    ),
    SavedQuery(
        name="confirmed within 24 hours",
        finds="Sessions that begin within the next 24 hours.",
        text=(
            f'{_BOOKING} AND {_LIVE} AND BookingState = "confirmed"'
            ' AND ScheduledStart BETWEEN "{now}" AND "{in_a_day}"'
        ),
    ),
    SavedQuery(
        name="over and not closed",
        finds=(
            "Confirmed bookings whose date was more than a day ago. Either the client has accepted"
            " another date that support has yet to enter, or no worker meets their deadlines."
        ),
        text=(
            f'{_BOOKING} AND {_LIVE} AND BookingState = "confirmed"'
            ' AND ScheduledStart < "{day_ago}"'
        ),
    ),
    SavedQuery(
        name="late cancellations this week",
        finds="Bookings that were cancelled late within the last 7 days, claims included.",
        text=(
            f'{_BOOKING} AND BookingState = "cancelled" AND LateKind = "cancellation"'
            ' AND ClosedAt >= "{week_ago}" AND ExecutionStatus != "ContinuedAsNew"'
        ),
    ),
    SavedQuery(
        name="late reschedules of open bookings",
        finds="Open bookings for which the provider has proposed other times late.",
        text=f'{_BOOKING} AND {_LIVE} AND BookingState = "confirmed" AND LateKind = "reschedule"',
    ),
    SavedQuery(
        name="suspended providers",
        finds="Standings of the providers whose topics are suspended.",
        text=f'{_STANDING} AND {_LIVE} AND StandingStatus = "suspended"',
    ),
    SavedQuery(
        name="open cases",
        finds="Standings with a case that waits for proof, or for support to review it.",
        text=f'{_STANDING} AND {_LIVE} AND StandingStatus IN ("case-open", "under-review")',
    ),
    SavedQuery(
        name="refused signals",
        finds="Bookings and standings to which somebody has sent a signal that was refused.",
        text='Refused > 0 AND ExecutionStatus != "ContinuedAsNew"',
    ),
    SavedQuery(
        name="stuck",
        finds=(
            "Workflows whose tasks fail again and again, of any type: a bug, or a worker that"
            " cannot replay them. The attribute holds the reason."
        ),
        text=f"{_LIVE} AND TemporalReportedProblems IS NOT NULL",
    ),
    SavedQuery(
        name="ended otherwise",
        finds=(
            "Bookings and standings that did not end by the rules: refused at their start, or"
            " ended by an operator."
        ),
        text=(
            'WorkflowType IN ("Booking", "ProviderStanding")'
            ' AND ExecutionStatus IN ("Failed", "Terminated", "TimedOut", "Canceled")'
        ),
    ),
)
"""Every saved query, in the order in which a day is begun."""
