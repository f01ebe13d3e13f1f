"""When a command was given, and how instants and spans are printed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from domain.instants import given_at, in_words, rfc3339
from domain.refusal import Code, Refusal

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
DECIDED = NOW - timedelta(days=1)


@pytest.mark.parametrize(
    ("at", "given"),
    [
        pytest.param(None, NOW, id="not-said"),
        pytest.param(NOW - timedelta(hours=2), NOW - timedelta(hours=2), id="earlier"),
        pytest.param(NOW + timedelta(seconds=1), NOW, id="a-little-ahead"),
        pytest.param(NOW + timedelta(minutes=15), NOW, id="just-bearable"),
        pytest.param(DECIDED, DECIDED, id="with-the-last-decision"),
        pytest.param(DECIDED - timedelta(seconds=1), DECIDED, id="before-the-last-decision"),
    ],
)
def test_a_command_is_judged_by_when_it_was_given(at: datetime | None, given: datetime) -> None:
    assert given_at(at, now=NOW, last_decision=DECIDED) == given


def test_more_than_15_minutes_ahead_is_implausible() -> None:
    at = NOW + timedelta(minutes=15, microseconds=1)
    refusal = given_at(at, now=NOW, last_decision=DECIDED)
    assert isinstance(refusal, Refusal)
    assert refusal.code is Code.AT_IMPLAUSIBLE
    assert "2026-03-05T12:00:00Z" in str(refusal)


@pytest.mark.parametrize("at", [None, NOW, NOW - timedelta(days=2)])
def test_nothing_is_given_before_the_last_decision_even_if_our_clock_went_back(
    at: datetime | None,
) -> None:
    ahead = NOW + timedelta(seconds=3)
    assert given_at(at, now=NOW, last_decision=ahead) == ahead


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        (NOW, "2026-03-05T12:00:00Z"),
        (datetime(2026, 7, 1, 12, tzinfo=ZoneInfo("Europe/Berlin")), "2026-07-01T10:00:00Z"),
        (NOW + timedelta(milliseconds=250), "2026-03-05T12:00:00.250000Z"),
    ],
)
def test_instants_are_printed_in_utc(instant: datetime, text: str) -> None:
    assert rfc3339(instant) == text
    assert datetime.fromisoformat(text) == instant


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (timedelta(0), "0 seconds"),
        (timedelta(milliseconds=400), "0 seconds"),
        (timedelta(seconds=1), "1 second"),
        (timedelta(hours=2), "2 hours"),
        (timedelta(days=5), "5 days"),
        (timedelta(days=5, seconds=1), "5 days 1 second"),
        (timedelta(days=3, hours=4, minutes=5), "3 days 4 hours"),
        (timedelta(days=-1, hours=-1), "1 day 1 hour"),
    ],
)
def test_spans_are_printed_in_their_two_largest_units(span: timedelta, text: str) -> None:
    assert in_words(span) == text
