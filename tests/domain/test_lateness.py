"""The 5-day edge: to the second and below it, after the start, and across changes of the clocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from domain.lateness import LateKind, Receipt, judge
from domain.policy import DEFAULT_POLICY, Policy

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
START = datetime(2026, 6, 10, 12, tzinfo=UTC)
FIVE_DAYS = timedelta(days=5)


def judged(
    initiated_at: datetime, start: datetime = START, policy: Policy = DEFAULT_POLICY
) -> Receipt:
    return judge(
        LateKind.CANCELLATION, scheduled_start=start, initiated_at=initiated_at, policy=policy
    )


@pytest.mark.parametrize(
    ("margin", "late", "margin_seconds"),
    [
        (timedelta(days=5, seconds=1), False, 432_001),
        (timedelta(days=5, microseconds=1), False, 432_001),
        (timedelta(days=5), True, 432_000),
        (timedelta(days=5, microseconds=-1), True, 432_000),
        (timedelta(days=5, seconds=-1), True, 431_999),
        (timedelta(seconds=1), True, 1),
        (timedelta(0), True, 0),
        (timedelta(seconds=-1), True, -1),
        (timedelta(days=-3), True, -259_200),
    ],
)
def test_five_days_is_late_and_a_moment_more_is_not(
    margin: timedelta, late: bool, margin_seconds: int
) -> None:
    receipt = judged(START - margin)
    assert (receipt.late, receipt.margin_seconds) == (late, margin_seconds)


@pytest.mark.parametrize("microseconds", range(-2_000_000, 2_000_001, 250_000))
def test_the_printed_margin_never_contradicts_the_judgement(microseconds: int) -> None:
    receipt = judged(START - FIVE_DAYS - timedelta(microseconds=microseconds))
    assert receipt.late == (receipt.margin_seconds <= receipt.late_within_seconds)


# Each start lies less than five days after its zone's change of the clocks.
AFTER_A_CHANGE = [
    pytest.param(datetime(2026, 3, 31, 10, tzinfo=BERLIN), id="berlin-spring"),
    pytest.param(datetime(2026, 10, 27, 10, tzinfo=BERLIN), id="berlin-autumn"),
    pytest.param(datetime(2026, 3, 10, 10, tzinfo=NEW_YORK), id="new-york-spring"),
    pytest.param(datetime(2026, 11, 3, 10, tzinfo=NEW_YORK), id="new-york-autumn"),
]


@pytest.mark.parametrize("start", AFTER_A_CHANGE)
def test_five_days_are_120_hours_across_a_change_of_the_clocks(start: datetime) -> None:
    zone = start.tzinfo
    edge = (start.astimezone(UTC) - timedelta(hours=120)).astimezone(zone)
    assert edge.utcoffset() != start.utcoffset()
    assert edge.hour != start.hour
    just_before = (edge.astimezone(UTC) - timedelta(seconds=1)).astimezone(zone)
    assert judged(edge, start).late
    assert judged(edge, start).margin_seconds == 432_000
    assert not judged(just_before, start).late
    assert judged(just_before, start).margin_seconds == 432_001


def test_the_same_time_of_day_five_days_before_is_on_time_only_where_an_hour_was_gained() -> None:
    spring = datetime(2026, 3, 31, 10, tzinfo=BERLIN)
    autumn = datetime(2026, 10, 27, 10, tzinfo=BERLIN)
    assert judged(spring - FIVE_DAYS, spring).margin_seconds == 119 * 3600
    assert judged(spring - FIVE_DAYS, spring).late
    assert judged(autumn - FIVE_DAYS, autumn).margin_seconds == 121 * 3600
    assert not judged(autumn - FIVE_DAYS, autumn).late


def test_the_hour_that_comes_twice_is_told_apart() -> None:
    start = datetime(2026, 10, 30, 1, 30, tzinfo=UTC)
    first = datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN, fold=0)
    second = datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN, fold=1)
    assert (judged(first, start).late, judged(second, start).late) == (False, True)


def test_instants_of_different_zones_are_compared_as_instants() -> None:
    assert judged((START - FIVE_DAYS).astimezone(NEW_YORK), START.astimezone(BERLIN)).late


def test_the_receipt_shows_everything_that_was_judged() -> None:
    initiated_at = START - timedelta(days=3)
    assert judged(initiated_at) == Receipt(
        kind=LateKind.CANCELLATION,
        scheduled_start=START,
        initiated_at=initiated_at,
        margin_seconds=3 * 86_400,
        late_within_seconds=5 * 86_400,
        late=True,
    )


def test_another_policy_has_another_edge() -> None:
    lenient = Policy(late_within=timedelta(hours=24))
    assert not judged(START - timedelta(days=2), policy=lenient).late
    assert judged(START - timedelta(hours=24), policy=lenient).late
