"""Windows of time as people write them: hours of the week and dates, in a zone that is named.

An hour without a zone is another hour for each reader, so there is no default zone.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    NaiveDatetime,
    StringConstraints,
    model_validator,
)
from pydantic_core import PydanticCustomError

from vigil.domain.value import Instant, Value


class Day(StrEnum):
    """A day of the week; the order of the members is that of the week."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


WEEK = tuple(Day)


@cache
def _zone(name: str) -> ZoneInfo:
    """Read from Python's tables once, when the name is checked, and never while judging."""
    return ZoneInfo(name)


def _known(name: str) -> str:
    try:
        _zone(name)
    except (KeyError, ValueError, OSError):
        raise PydanticCustomError(
            "unknown_zone", "no zone is called so; write one such as Europe/Berlin, or UTC"
        ) from None
    return name


def _not_a_number(text: Any) -> Any:  # noqa: ANN401 - whatever somebody wrote
    if isinstance(text, int):
        raise PydanticCustomError(
            "time_as_number", 'YAML reads this as a number; put the time into quotes ("22:00")'
        )
    return text


Zone = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_+/-]{0,63}$"), AfterValidator(_known)
]
"""The name of a zone in the IANA database."""

TimeOfDay = Annotated[
    str,
    StringConstraints(pattern=r"^(?:[01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$"),
    BeforeValidator(_not_a_number),
]
"""``HH:MM``: two such texts compare as the times do."""


class Hours(Value):
    """Some hours of some days, ``until`` left out; over midnight they belong to the first day."""

    days: tuple[Day, ...] = Field(default=WEEK, min_length=1)
    begins: TimeOfDay = Field(default="00:00", alias="from")
    ends: TimeOfDay = Field(default="24:00", alias="until")
    zone: Zone

    @model_validator(mode="after")
    def _some_time(self) -> Self:
        if self.begins in (self.ends, "24:00"):
            raise PydanticCustomError(
                "no_time",
                "no time lies from {begins} until {ends}; leave both out for whole days",
                {"begins": self.begins, "ends": self.ends},
            )
        return self

    def holds(self, at: Instant) -> bool:
        """Whether that moment is within it."""
        local = at.astimezone(_zone(self.zone))
        time, today = f"{local:%H:%M}", WEEK[local.weekday()]
        if self.begins < self.ends:
            return today in self.days and self.begins <= time < self.ends
        yesterday = WEEK[(local - timedelta(days=1)).weekday()]
        return (today in self.days and time >= self.begins) or (
            yesterday in self.days and time < self.ends
        )


class Dates(Value):
    """From one moment until another, which is left out; a date is its first moment."""

    begins: NaiveDatetime = Field(alias="from")
    ends: NaiveDatetime = Field(alias="until")
    zone: Zone

    @model_validator(mode="after")
    def _some_time(self) -> Self:
        if self.ends <= self.begins:
            raise PydanticCustomError(
                "no_time", "it ends before it has begun; exchange 'from' and 'until'"
            )
        return self

    def holds(self, at: Instant) -> bool:
        """Whether that moment is within it."""
        return self._moment(self.begins) <= at < self._moment(self.ends)

    def over(self, at: Instant) -> bool:
        """Whether it will never hold again."""
        return at >= self._moment(self.ends)

    def _moment(self, written: datetime) -> datetime:
        return written.replace(tzinfo=_zone(self.zone))


class Windows(Value):
    """Several windows, of either kind."""

    hours: tuple[Hours, ...] = Field(default=(), max_length=50)
    dates: tuple[Dates, ...] = Field(default=(), max_length=50)

    def holds(self, at: Instant) -> bool:
        """Whether that moment is within any of them."""
        by_hour = any(window.holds(at) for window in self.hours)
        return by_hour or any(window.holds(at) for window in self.dates)
