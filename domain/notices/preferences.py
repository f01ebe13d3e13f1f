"""Which notices a person gets by e-mail: their own choice, group by group.

The inbox of the portal holds every notice, whatever is chosen: it is the record, and costs nobody
anything. But nobody is called to it. So the rule that a person cannot turn off all that binds them
(`TRANSACTIONAL`: a session is confirmed or moved, a session is cancelled, topics are suspended) is
about e-mail: of those groups that concern their role, one at least stays on. The rule is about what
they choose, whether an address of theirs is known or not.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from domain.booking.state import ReminderKind
from domain.notices.ledger import Channel
from domain.party import Role
from domain.refusal import Code, Refusal, refuse


class Group(StrEnum):
    """Kinds of notices that are chosen together."""

    CONFIRMATIONS = "confirmations"
    CANCELLATIONS = "cancellations"
    SUSPENSIONS = "suspensions"
    REQUESTS = "requests"
    CHANGES = "changes"
    REMINDERS = "reminders"
    STANDING = "standing"
    OTHER = "other"
    """What is of no other group, such as a kind that is newer than this list."""


GROUPS: dict[Group, frozenset[str]] = {
    Group.CONFIRMATIONS: frozenset({"booking.confirmed", "booking.rescheduled"}),
    Group.CANCELLATIONS: frozenset({"booking.cancelled"}),
    Group.SUSPENSIONS: frozenset({"topics.suspended", "topics.reinstated"}),
    Group.REQUESTS: frozenset({"booking.requested", "booking.declined", "booking.expired"}),
    Group.CHANGES: frozenset(
        {
            "cancellation.asked",
            "reschedule.proposed",
            "reschedule.accepted",
            "reschedule.declined",
            "reschedule.lapsed",
        }
    ),
    Group.REMINDERS: frozenset({"booking.completed", *(kind.value for kind in ReminderKind)}),
    Group.STANDING: frozenset(
        {
            "standing.warned",
            "claim.opened",
            "claim.contested",
            "claim.upheld",
            "claim.dismissed",
            "case.opened",
            "case.closed",
            "proof.submitted",
            "proof.accepted",
            "proof.rejected",
        }
    ),
    Group.OTHER: frozenset({"webhook.disabled"}),
}
"""The kinds of each group."""

TRANSACTIONAL = frozenset({Group.CONFIRMATIONS, Group.CANCELLATIONS, Group.SUSPENSIONS})
"""What binds a person, so that it cannot all be off."""

CONCERN: dict[Role, tuple[Group, ...]] = {
    Role.PROVIDER: tuple(Group),
    Role.CLIENT: (
        Group.CONFIRMATIONS,
        Group.CANCELLATIONS,
        Group.REQUESTS,
        Group.CHANGES,
        Group.REMINDERS,
        Group.OTHER,
    ),
    Role.SUPPORT: (Group.CHANGES, Group.STANDING, Group.OTHER),
}
"""The groups that a role gets anything of, in the order in which they are shown."""

_GROUP_OF = {kind: group for group, kinds in GROUPS.items() for kind in kinds}

Choice = Mapping[Group, bool]
"""Whether the notices of a group are wanted by e-mail. A group that is left out is."""


def group_of(kind: str) -> Group:
    """The group of a kind of notice."""
    return _GROUP_OF.get(kind, Group.OTHER)


def is_transactional(kind: str) -> bool:
    """Whether a notice is of what binds a person."""
    return group_of(kind) in TRANSACTIONAL


def by_mail(choice: Choice, group: Group) -> bool:
    """Whether somebody wants the notices of a group by e-mail: yes, unless they have said no."""
    return choice.get(group, True)


def channels(choice: Choice, group: Group) -> tuple[Channel, ...]:
    """How the notices of a group reach somebody who can be reached by e-mail."""
    return (Channel.INBOX, Channel.EMAIL) if by_mail(choice, group) else (Channel.INBOX,)


def refused(role: Role, choice: Choice) -> Refusal | None:
    """Why somebody of a role cannot choose so: all that binds them would be off."""
    binding = [group for group in CONCERN[role] if group in TRANSACTIONAL]
    if not binding or any(by_mail(choice, group) for group in binding):
        return None
    return refuse(
        Code.TRANSACTIONAL_OFF,
        f"One of {', '.join(binding)} has to come by e-mail: they cannot all be off.",
    )
