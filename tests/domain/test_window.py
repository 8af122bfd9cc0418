"""Hours of the week and dates, in the zone that is named (below 1 s)."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from vigil.domain.window import WEEK, Dates, Day, Hours

BERLIN = "Europe/Berlin"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def hours(**written: Any) -> Hours:  # noqa: ANN401 - whatever somebody writes
    return Hours.model_validate({"zone": BERLIN, **written})


@pytest.mark.parametrize(
    ("window", "moment", "within"),
    [
        # The 2nd of March 2026 is a Monday; Berlin is one hour ahead of UTC then.
        (hours(), "2026-03-02 12:00", True),
        (hours(days=["mon"]), "2026-03-01 22:59", False),
        (hours(days=["mon"]), "2026-03-01 23:00", True),
        (hours(days=["mon"]), "2026-03-02 22:59", True),
        (hours(days=["mon"]), "2026-03-02 23:00", False),
        (hours(**{"from": "09:00", "until": "17:00"}), "2026-03-02 07:59", False),
        (hours(**{"from": "09:00", "until": "17:00"}), "2026-03-02 08:00", True),
        (hours(**{"from": "09:00", "until": "17:00"}), "2026-03-02 16:00", False),
        # Over midnight it belongs to the day on which it began.
        (hours(days=["sat"], **{"from": "22:00", "until": "06:00"}), "2026-03-07 20:59", False),
        (hours(days=["sat"], **{"from": "22:00", "until": "06:00"}), "2026-03-07 21:00", True),
        (hours(days=["sat"], **{"from": "22:00", "until": "06:00"}), "2026-03-08 04:59", True),
        (hours(days=["sat"], **{"from": "22:00", "until": "06:00"}), "2026-03-08 05:00", False),
        (hours(days=["sat"], **{"from": "22:00", "until": "06:00"}), "2026-03-07 04:00", False),
        (hours(days=["mon"], **{"from": "22:00", "until": "24:00"}), "2026-03-02 22:59", True),
        # In summer Berlin is two hours ahead: nine o'clock there is seven in UTC.
        (hours(**{"from": "09:00", "until": "17:00"}), "2026-07-01 07:00", True),
    ],
)
def test_hours_are_those_of_the_zone(window: Hours, moment: str, *, within: bool) -> None:
    assert window.holds(utc(moment)) is within


@pytest.mark.parametrize(
    ("moment", "within"),
    [
        ("2026-12-18 22:59", False),
        ("2026-12-18 23:00", True),
        ("2027-01-02 04:59", True),
        ("2027-01-02 05:00", False),
    ],
)
def test_dates_begin_and_end_in_the_zone(moment: str, *, within: bool) -> None:
    freeze = {"from": "2026-12-19", "until": "2027-01-02 06:00", "zone": BERLIN}
    assert Dates.model_validate(freeze).holds(utc(moment)) is within


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ({"zone": "Europe"}, "no zone is called so"),
        ({"zone": "Europe/Nowhere"}, "no zone is called so"),
        ({"zone": "../../etc/passwd"}, "should match pattern"),
        ({"zone": ""}, "should match pattern"),
        ({"from": 1320}, "put the time into quotes"),
        ({"from": "9:00"}, "should match pattern"),
        ({"until": "24:01"}, "should match pattern"),
        ({"from": "09:00", "until": "09:00"}, "no time lies from 09:00 until 09:00"),
        ({"from": "24:00", "until": "06:00"}, "no time lies from 24:00 until 06:00"),
        ({"days": []}, "at least 1 item"),
        ({"days": ["monday"]}, "'mon', 'tue'"),
    ],
)
def test_what_is_no_window_is_refused_with_a_reason(written: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        hours(**written)


# --- walked through by the minute ------------------------------------------------------------

ZONES = ("UTC", BERLIN, "America/New_York", "Asia/Kolkata", "Pacific/Auckland")
HALVES = tuple(f"{hour:02}:{minute:02}" for hour in range(24) for minute in (0, 30))
MOMENTS = st.tuples(
    st.integers(0, 14), st.sampled_from(["from", "until", *HALVES]), st.integers(-1, 1)
)
"""A day, a time of it, and so many minutes beside that."""
minutes = st.integers(0, 14 * 24 * 60)


@given(
    st.sets(st.sampled_from(WEEK), min_size=1),
    st.sampled_from(HALVES),
    st.sampled_from([*HALVES, "24:00"]),
    st.sampled_from(ZONES),
    MOMENTS,
)
def test_hours_hold_from_their_beginning_on_a_day_until_their_end(
    days: set[Day], begins: str, ends: str, zone: str, moment: tuple[int, str, int]
) -> None:
    """Each window of these days laid out as two moments, and looked whether it is between them."""
    assume(begins != ends)
    date, near, beside = moment
    near = {"from": begins, "until": ends}.get(near, near)
    about = timedelta(days=date, hours=int(near[:2]), minutes=int(near[3:]) + beside)
    at = (datetime(2026, 3, 20, tzinfo=ZoneInfo(zone)) + about).astimezone(UTC)
    local = at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    within = False
    for back in (0, 1):
        day = datetime.combine(local.date(), time()) - timedelta(days=back)
        first, last = (
            day + timedelta(hours=int(text[:2]), minutes=int(text[3:])) for text in (begins, ends)
        )
        last += timedelta(days=1) if last < first else timedelta()
        within = within or (WEEK[day.weekday()] in days and first <= local < last)
    window = hours(days=sorted(days), zone=zone, **{"from": begins, "until": ends})
    assert window.holds(at) is within


@given(minutes, minutes, minutes, st.sampled_from(ZONES))
def test_dates_hold_from_their_first_moment_until_their_last(
    begins: int, ends: int, minute: int, zone: str
) -> None:
    assume(begins < ends)
    midnight = datetime(2026, 6, 1)  # noqa: DTZ001 - as it is written; no clock is turned in June
    first, last, at = (midnight + timedelta(minutes=each) for each in (begins, ends, minute))
    window = Dates.model_validate({"from": first, "until": last, "zone": zone})
    assert window.holds(at.replace(tzinfo=ZoneInfo(zone))) is (first <= at < last)


def test_an_hour_without_a_zone_would_be_another_one_for_each_reader() -> None:
    with pytest.raises(ValidationError, match="Field required"):
        Hours.model_validate({"from": "09:00"})


def test_dates_that_end_before_they_begin_are_refused() -> None:
    with pytest.raises(ValidationError, match="ends before it has begun"):
        Dates.model_validate({"from": "2026-12-19", "until": "2026-12-19", "zone": "UTC"})
