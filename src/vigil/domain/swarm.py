"""A swarm: many users who walk the same journey at once, and what became of them.

All times are seconds, all memory is megabytes (1,000,000 bytes), all steps count from 1.
"""

import re
from collections.abc import Iterable, Sequence
from enum import StrEnum
from statistics import quantiles
from typing import Annotated, Self

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from vigil.domain.journey import JourneyProbe, JourneyStep
from vigil.domain.value import Name, Value

MOST_SESSIONS = 5000
MOST_RATE = 200.0
LONGEST_WISH_S = 240.0
"""A verification waits for its swarm, and somebody for the verification."""
MOST_GROUPS = 20
"""Kinds of failures that are told apart; the rarest are left out."""
_VARYING = re.compile(r"\b(?=[0-9a-f]*\d)[0-9a-f]{6,}\b|\d+(?:[.,]\d+)*", re.IGNORECASE)
"""What differs from one session to the next: numbers, and ids in hexadecimal digits."""


class SwarmWish(Value):
    """What a service asks for after a change: the swarm in which its cure has to hold."""

    journey: Name
    """A journey among its probes."""
    sessions: int = Field(default=50, ge=1, le=MOST_SESSIONS)
    rate: Annotated[float, Field(gt=0, le=MOST_RATE)] = 5.0
    """Sessions that begin in a second, once it has got up speed."""

    @model_validator(mode="after")
    def _is_over_in_time(self) -> Self:
        seconds = self.sessions / self.rate
        if seconds > LONGEST_WISH_S:
            raise ValueError(
                f"{self.sessions} sessions at {self.rate:g} a second take {seconds:,.0f} s to "
                f"begin, and a proof waits {LONGEST_WISH_S:g} s for them"
            )
        return self


class SwarmSpec(Value):
    """How many users there are, how fast they come, and how far the swarm may go."""

    sessions: int = Field(ge=1, le=MOST_SESSIONS)
    rate: Annotated[float, Field(gt=0, le=MOST_RATE)] = 5.0
    """Sessions that begin in a second, or go on after they were held, once it has got up speed."""
    hold_before: PositiveInt | None = None
    """The step before which each session waits until all of them are there."""
    processes: int = Field(default=4, ge=1, le=64)
    """Browsers that share the sessions."""
    most_s: PositiveFloat = Field(default=600.0, le=3600)
    memory_mb: PositiveInt = 3000
    """What all browsers may have together."""


class Spread(Value):
    """How long something took, over all sessions that did it."""

    count: NonNegativeInt
    p50: float
    p95: float
    p99: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Self:
        """Zeros where there is nothing to look at."""
        if len(seconds) < 2:  # noqa: PLR2004 - fewer have no quantiles
            only = seconds[0] if seconds else 0.0
            return cls(count=len(seconds), p50=only, p95=only, p99=only)
        cuts = quantiles(seconds, n=100, method="inclusive")
        return cls(count=len(seconds), p50=cuts[49], p95=cuts[94], p99=cuts[98])


class StepSpread(Value):
    """How long one step took."""

    number: PositiveInt
    text: str
    """The step in a few words, without any value that it fills in."""
    spread: Spread


class FailureGroup(Value):
    """Sessions that ended at the same step in the same way, but for numbers and ids."""

    number: PositiveInt
    """Of the step; the first one where a session ended before it."""
    shape: str
    count: PositiveInt
    sample: str
    """One of them, without control characters, secrets or any value that is filled in."""


class Stopped(StrEnum):
    """Why a swarm ended before all its sessions had."""

    HURTS = "hurts"
    """The service suffers, or it can no longer be seen that it does not."""
    MEMORY = "memory"
    TIME = "time"
    TOLD = "told"
    """Somebody said so: the stop switch, or Ctrl-C."""
    BROWSER = "browser"
    """No browser could be started, or it cannot do what the journey needs."""


class Stop(Value):
    """Why, and in words."""

    why: Stopped
    text: str


class SwarmProgress(Value):
    """How far it has come."""

    seconds: float
    open: NonNegativeInt
    """Sessions with a browser of their own now: those that walk and those that are held."""
    held: NonNegativeInt
    done: NonNegativeInt
    failed: NonNegativeInt
    lost: NonNegativeInt
    rate: float
    """Walks that ended well, in a second, since the swarm began."""
    browsers_mb: float
    """PSS of all browsers."""
    own_mb: float
    """PSS of the process that leads them."""
    whole: Spread
    """Of the walks that ended well, without the time in which they were held."""

    @property
    def walking(self) -> int:
        """Sessions under way."""
        return self.open - self.held


class SwarmReport(Value):
    """What became of a swarm; ``done + failed + lost + unfinished`` is ``spec.sessions``."""

    spec: SwarmSpec
    done: NonNegativeInt
    """Sessions in which every step went as the journey says."""
    failed: NonNegativeInt
    """Those in which one did not."""
    lost: NonNegativeInt
    """Those whose browser ended under them."""
    unfinished: NonNegativeInt
    """Those that the swarm's own end cut off, or that were never begun."""
    open_at_once: NonNegativeInt
    """The most sessions that had a browser session of their own together."""
    held_at_once: NonNegativeInt
    """The most sessions that waited together at the point where they are held."""
    seconds: float
    steps: tuple[StepSpread, ...]
    whole: Spread
    """Of the walks that ended well, without the time in which they were held."""
    failures: tuple[FailureGroup, ...]
    browsers_mb: float
    """PSS of all browsers when it was highest."""
    own_mb: float
    """PSS of the process that led them when it was highest."""
    stopped: Stop | None = None

    @property
    def ok(self) -> bool:
        """Whether every session was begun and ended well."""
        return self.done == self.spec.sessions

    @property
    def hurts(self) -> str | None:
        """What told that the service suffers; None where nothing did."""
        stopped = self.stopped
        return stopped.text if stopped is not None and stopped.why is Stopped.HURTS else None

    @property
    def mb_a_session(self) -> float:
        """Of the browsers, for each session that was open when there were most."""
        return self.browsers_mb / max(self.open_at_once, 1)

    @property
    def a_second(self) -> float:
        """Walks that ended well, in a second."""
        return self.done / self.seconds if self.seconds else 0.0


def hold_point(journey: JourneyProbe) -> int:
    """Where a held session has most in hand: before the last step that sends something, else
    before the last one.
    """
    numbered = list(enumerate(journey.steps, start=1))
    sending = [number for number, step in numbered if number > 1 and _sends(step)]
    return sending[-1] if sending else len(numbered)


def grouped(failures: Iterable[tuple[int, str]]) -> tuple[FailureGroup, ...]:
    """Failures by step and shape, the most frequent first; the sample is the first one given."""
    counts: dict[tuple[int, str], int] = {}
    samples: dict[tuple[int, str], str] = {}
    for number, text in failures:
        key = (number, shape_of(text))
        counts[key] = counts.get(key, 0) + 1
        samples.setdefault(key, text)
    ordered = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    return tuple(
        FailureGroup(number=key[0], shape=key[1], count=count, sample=samples[key])
        for key, count in ordered[:MOST_GROUPS]
    )


def shape_of(text: str) -> str:
    """A sentence without what differs from one session to the next."""
    return _VARYING.sub("#", text)


def _sends(step: JourneyStep) -> bool:
    return step.click is not None or step.submit is not None
