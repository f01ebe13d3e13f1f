"""Which notices come by e-mail: what somebody may choose, and what an address is."""

from __future__ import annotations

from itertools import product

import pytest

from domain.notices.address import MAX_ADDRESS, is_address
from domain.notices.ledger import Channel
from domain.notices.preferences import (
    CONCERN,
    TRANSACTIONAL,
    Group,
    by_mail,
    channels,
    is_transactional,
    refused,
)
from domain.party import Role
from domain.refusal import Code


def test_everything_comes_by_mail_until_somebody_says_no() -> None:
    assert all(by_mail({}, group) for group in Group)
    assert channels({}, Group.REMINDERS) == (Channel.INBOX, Channel.EMAIL)
    assert channels({Group.REMINDERS: False}, Group.REMINDERS) == (Channel.INBOX,)


@pytest.mark.parametrize("role", list(CONCERN), ids=str)
def test_of_what_binds_somebody_one_group_has_to_stay_on(role: Role) -> None:
    binding = [group for group in CONCERN[role] if group in TRANSACTIONAL]
    for chosen in product((True, False), repeat=len(binding)):
        choice = dict(zip(binding, chosen, strict=True))
        refusal = refused(role, choice)
        assert (refusal is None) == (any(chosen) or not binding), choice
        assert refusal is None or refusal.code is Code.TRANSACTIONAL_OFF


def test_all_that_does_not_bind_can_be_off() -> None:
    others = {group: False for group in Group if group not in TRANSACTIONAL}

    assert all(refused(role, others) is None for role in CONCERN)


def test_what_binds_is_what_was_agreed_on_or_taken_away() -> None:
    assert all(
        is_transactional(kind)
        for kind in ("booking.confirmed", "booking.cancelled", "topics.suspended")
    )
    assert not is_transactional("session-starts")
    assert not is_transactional("unheard-of")


@pytest.mark.parametrize(
    "text", ["ada@example.org", "a.b+c@sub.example.org", "o'neil@example.org", "x@1.example"]
)
def test_a_plain_address_is_one(text: str) -> None:
    assert is_address(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ada",
        "ada@",
        "@example.org",
        "ada@localhost",
        "ada@example.org\n",
        "ada@example.org\r\nBcc: bob@example.org",
        "ada@example.org, bob@example.org",
        "Ada <ada@example.org>",
        '"ada"@example.org',
        ".ada@example.org",
        "ada..b@example.org",
        "ada@-example.org",
        "ada@exämple.org",
        f"{'a' * 65}@example.org",
        f"a@{'b' * 60}.{'c' * 60}.{'d' * 60}.{'e' * 60}.{'f' * 60}.org"[: MAX_ADDRESS + 5],
    ],
)
def test_what_could_be_taken_for_more_than_one_address_is_none(text: str) -> None:
    assert not is_address(text)
